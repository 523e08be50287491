/** A provider: a program of its own behind the same binary, as the simulator is; only "add" is for the hub. */
import { Option, type AskFlags, type Command } from './command-line.js';
import { address, deviceClass, duration, wholeNumber, type Address } from './option-values.js';

interface ProviderFlags {
  readonly data: string;
  readonly listen: Address;
  readonly insecureLoopback: boolean;
  readonly threads?: number;
  readonly device?: string;
  readonly stubs: 'disk' | 'memory';
  readonly for?: number;
}

export function addProvider(program: Command): void {
  const provider = program
    .command('provider')
    .enablePositionalOptions()
    .description('execute runs for hubs, as their provider')
    .option('--data <dir>', 'where the provider keeps its data', 'sterna-provider')
    .addOption(
      new Option('--listen <host:port>', 'where hubs find it; port 0 is any free one')
        .argParser(address)
        .default({ host: '127.0.0.1', port: 7443 }, '127.0.0.1:7443'),
    )
    .option('--insecure-loopback', 'without TLS, which loopback alone may do', false)
    .option('--threads <n>', 'threads that run tasks (default: as many as cores)', wholeNumber(1, 256))
    .option(
      '--device <class>',
      'what kind of machine it is, such as server, for applications that prefer one',
      deviceClass,
    )
    .addOption(
      new Option('--stubs <where>', 'where it keeps runs that move to it; those in memory end with it')
        .choices(['disk', 'memory'])
        .default('disk'),
    )
    .option('--for <duration>', 'stop after this long, such as 20s', duration)
    .action(async ({ for: forMs, ...flags }: ProviderFlags) => {
      const { providerCommand } = await import('../../provider/command.js');
      const { untilStopped } = await import('../commands/until-stopped.js');
      const stop = untilStopped(forMs);
      const { stopped } = stop;
      process.exitCode = await providerCommand(
        { ...flags, threads: flags.threads, device: flags.device, stopped },
        process.stdout,
      );
      stop.release();
    });

  provider
    .command('init')
    .description('make a key and a certificate, and print a join token for one hub')
    .option('--data <dir>', 'where the provider keeps its data', 'sterna-provider')
    .addOption(
      new Option('--address <host:port>', 'where hubs will find it')
        .argParser(address)
        .default({ host: '127.0.0.1', port: 7443 }, '127.0.0.1:7443'),
    )
    .option('--insecure-loopback', 'without TLS, which loopback alone may do', false)
    .option('--valid-days <n>', 'how long the certificate is valid', wholeNumber(1, 7_300), 825)
    .action(
      async (flags: {
        readonly data: string;
        readonly address: Address;
        readonly insecureLoopback: boolean;
        readonly validDays: number;
      }) => {
        const { providerInitCommand } = await import('../../provider/command.js');
        const validMs = flags.validDays * 24 * 3_600_000;
        process.exitCode = await providerInitCommand({ ...flags, validMs }, process.stdout);
      },
    );

  provider
    .command('invite')
    .description('print a join token for one hub more')
    .option('--data <dir>', 'where the provider keeps its data', 'sterna-provider')
    .option('--for <duration>', 'how long it is good, such as 1h (default: 24h)', duration)
    .action(async ({ data, for: forMs }: { readonly data: string; readonly for?: number }) => {
      const { providerInviteCommand } = await import('../../provider/command.js');
      process.exitCode = await providerInviteCommand({ data, forMs }, process.stdout);
    });

  provider
    .command('hubs')
    .description('list the hubs that may use a provider')
    .option('--data <dir>', 'where the provider keeps its data', 'sterna-provider')
    .option('--json', 'print it for programs', false)
    .action(async ({ data, json }: AskFlags) => {
      const { providerHubsCommand } = await import('../../provider/hubs-command.js');
      process.exitCode = await providerHubsCommand(data, json, process.stdout);
    });

  provider
    .command('forget <hub>')
    .description('let a hub use a provider no more, by its name or the beginning of its key; at once, if it runs')
    .option('--data <dir>', 'where the provider keeps its data', 'sterna-provider')
    .action(async (hub: string, { data }: { readonly data: string }) => {
      const { providerForgetCommand } = await import('../../provider/hubs-command.js');
      process.exitCode = await providerForgetCommand(hub, data, process.stdout);
    });

  provider
    .command('add <token>')
    .description('let a hub use a provider, with the join token that was printed there')
    .option('--data <dir>', 'the data folder of the hub', 'sterna-data')
    .option('--name <name>', 'what the hub calls it', 'provider')
    .action(async (token: string, { data, name }: { readonly data: string; readonly name: string }) => {
      const { providerAddCommand } = await import('../commands/provider-add.js');
      process.exitCode = await providerAddCommand({ token, data, name }, process.stdout);
    });
}
