#!/usr/bin/env node
/** The binary: argv -> command -> exit code. The code of a command is loaded when it is asked for. */
import { readFileSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { AppPlanOptions } from './commands/app-plan.js';
import { REPORT_FORMATS, type ReportFormat } from './commands/report-format.js';
// Not through the door of its folder, which brings the schema library along.
import { parseBytes, parseDurationMs } from './manifest/units.js';
import { DEVICE_CLASS } from './placement/policy.js';

interface HubFlags {
  readonly tasks: readonly string[];
  readonly broker?: string;
  readonly listen: { readonly host: string; readonly port: number };
  readonly beyondLoopback: boolean;
  readonly data: string;
  readonly threads?: number;
  readonly for?: number;
  readonly report: ReportFormat;
  readonly log?: string;
  readonly api: { readonly host: string; readonly port: number } | 'off';
  readonly records?: number;
  readonly app?: string;
}

interface ProviderFlags {
  readonly data: string;
  readonly listen: { readonly host: string; readonly port: number };
  readonly insecureLoopback: boolean;
  readonly threads?: number;
  readonly device?: string;
  readonly stubs: 'disk' | 'memory';
  readonly for?: number;
}

interface AskFlags {
  readonly data: string;
  readonly json: boolean;
}

interface SimFlags {
  readonly broker: string;
  readonly seed?: number;
  readonly speed?: number;
  readonly rooms?: number;
  readonly for?: number;
  readonly poke?: readonly string[];
}

const VERSION = packageVersion();

/** Between two looks of `sterna watch`: a person sees no faster. */
const WATCH_MS = 250;

const program = new Command('sterna')
  .version(VERSION)
  .description('Runs small sandboxed tasks on the hub between devices and the internet.')
  .enablePositionalOptions()
  .showHelpAfterError('(sterna --help shows how it is used)');

program
  .command('hub')
  .description('run the hub: deploy the tasks and wait for events')
  .option('--tasks <dir>', 'a task folder, or a folder of task folders; may be given again', listed, [])
  .option('--broker <url>', 'MQTT broker to connect to; without it the hub runs its own')
  .addOption(
    new Option('--listen <host:port>', 'where its own broker listens; port 0 is any free one')
      .argParser(address)
      .default({ host: '127.0.0.1', port: 1883 }, '127.0.0.1:1883'),
  )
  .option('--beyond-loopback', 'let its own broker, which asks for no password, listen to other machines', false)
  .option('--data <dir>', 'where the hub keeps its data', 'sterna-data')
  .option('--threads <n>', 'threads that run tasks (default: as many as cores)', wholeNumber(1, 256))
  .option('--for <duration>', 'stop after this long, such as 20s', duration)
  .addOption(new Option('--report <form>', 'what to print on stdout').choices(REPORT_FORMATS).default('lines'))
  .addOption(
    new Option('--log <level>', 'what to log on stderr (default: warn with --report lines, else info)')
      .env('STERNA_LOG')
      .choices(['debug', 'info', 'warn', 'error', 'silent']),
  )
  .addOption(
    new Option('--api <host:port>', 'where the control API listens, on loopback; "off" for none')
      .argParser(loopbackOrOff)
      .default({ host: '127.0.0.1', port: 7442 }, '127.0.0.1:7442'),
  )
  .addOption(
    new Option(
      '--records <size>',
      'what records of runs may take on disk; "off" for none (default: 256 MiB, or a quarter of what the disk has free)',
    ).argParser(sizeOrOff),
  )
  .option('--app <file>', 'an app.toml, which says what of its tasks providers may execute')
  .action(async (flags: HubFlags) => {
    const { hubCommand } = await import('./commands/hub.js');
    const { tasks, listen, beyondLoopback, data, report } = flags;
    process.exitCode = await hubCommand({
      tasks,
      broker: flags.broker,
      listen,
      beyondLoopback,
      data,
      threads: flags.threads,
      forMs: flags.for,
      report,
      logLevel: flags.log ?? (report === 'lines' ? 'warn' : 'info'),
      api: flags.api === 'off' ? undefined : flags.api,
      recordBytes: flags.records,
      app: flags.app,
      version: VERSION,
    });
  });

// A program of its own behind the same binary, as the simulator is; only "add" is for the hub.
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
    const { providerCommand } = await import('../provider/command.js');
    const { untilStopped } = await import('./commands/until-stopped.js');
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
      readonly address: { readonly host: string; readonly port: number };
      readonly insecureLoopback: boolean;
      readonly validDays: number;
    }) => {
      const { providerInitCommand } = await import('../provider/command.js');
      const validMs = flags.validDays * 24 * 3_600_000;
      process.exitCode = await providerInitCommand({ ...flags, validMs }, process.stdout);
    },
  );

provider
  .command('invite')
  .description('print a join token for one hub more')
  .option('--data <dir>', 'where the provider keeps its data', 'sterna-provider')
  .action(async ({ data }: { readonly data: string }) => {
    const { providerInviteCommand } = await import('../provider/command.js');
    process.exitCode = await providerInviteCommand(data, process.stdout);
  });

provider
  .command('add <token>')
  .description('let a hub use a provider, with the join token that was printed there')
  .option('--data <dir>', 'the data folder of the hub', 'sterna-data')
  .option('--name <name>', 'what the hub calls it', 'provider')
  .action(async (token: string, { data, name }: { readonly data: string; readonly name: string }) => {
    const { providerAddCommand } = await import('./commands/provider-add.js');
    process.exitCode = await providerAddCommand({ token, data, name }, process.stdout);
  });

program
  .command('app')
  .description('look at applications')
  .command('plan <file>')
  .description('say for each task of an application where it may execute, and why')
  .requiredOption('--tasks <dir>', 'a task folder, or a folder of task folders; may be given again', listed)
  .option('--metered', 'as on a network that is metered', false)
  .option('--battery', 'as on battery', false)
  .option('--json', 'print it for programs', false)
  .action(async (file: string, flags: Pick<AppPlanOptions, 'tasks' | 'metered' | 'battery' | 'json'>) => {
    const { appPlanCommand } = await import('./commands/app-plan.js');
    process.exitCode = await appPlanCommand({ ...flags, file }, process.stdout);
  });

program
  .command('build')
  .description('compile tasks to components')
  .argument('[dir...]', 'task folders (default: those below guest-tasks, or below here)')
  .action(async (dirs: readonly string[]) => {
    const { buildCommand } = await import('./commands/build.js');
    process.exitCode = await buildCommand(dirs, process.stdout);
  });

program
  .command('sim')
  .description('publish a simulated home to a broker and report what came back')
  .option('--broker <url>', 'MQTT broker to publish to', 'mqtt://127.0.0.1:1883')
  .option('--seed <n>', 'the home, and all that happens in it, is the same for the same seed', number)
  .option('--speed <x>', 'simulated seconds per second', number)
  .option('--rooms <n>', 'rooms of the home', number)
  .option('--for <duration>', 'stop after this long, such as 20s', duration)
  .option('--poke <names>', 'wake these rogue tasks now and then: spin,hoard', (value: string) => value.split(','))
  .action(async ({ for: forMs, ...flags }: SimFlags) => {
    // The simulator is a program of its own behind the same binary: it knows nothing of the hub.
    const { simCommand } = await import('../sim/command.js');
    process.exitCode = await simCommand({ ...flags, forMs });
  });

program
  .command('schema')
  .description('print the JSON Schema of task.toml')
  .action(async () => {
    const { schemaCommand } = await import('./commands/schema.js');
    process.exitCode = schemaCommand(process.stdout);
  });

/** A command that asks a running hub. */
function askingCommand(usage: string, description: string, under: Command = program): Command {
  return under
    .command(usage)
    .description(description)
    .option('--data <dir>', 'the data folder of the hub that is asked', 'sterna-data')
    .option('--json', 'print what the hub answers, for programs', false);
}

askingCommand('ls', 'list the tasks of a running hub').action(async (flags: AskFlags) => {
  const { lsCommand } = await import('./commands/ls.js');
  process.exitCode = await lsCommand(flags, process.stdout);
});

askingCommand(
  'inspect <task>',
  'show all that a running hub knows of a task, or what can be said of a ./folder',
).action(async (task: string, flags: AskFlags) => {
  if (task.includes('/')) {
    const { inspectFolder } = await import('./commands/inspect-folder.js');
    process.exitCode = await inspectFolder(task, flags, process.stdout);
    return;
  }
  const { inspectCommand } = await import('./commands/inspect.js');
  process.exitCode = await inspectCommand(task, flags, process.stdout);
});

interface RunsFlags extends AskFlags {
  readonly limit: number;
  readonly outcome?: string;
  readonly since?: number;
}

askingCommand('runs [task]', 'list the runs that ended last')
  .option('-n, --limit <n>', 'at most so many', wholeNumber(1, 1_000), 30)
  .option('--outcome <kind>', 'only those that ended so, such as trapped')
  .option('--since <duration>', 'only those that ended within so long, such as 2h', duration)
  .action(async (task: string | undefined, { outcome, since, ...flags }: RunsFlags) => {
    const { runsCommand } = await import('./commands/runs.js');
    process.exitCode = await runsCommand({ ...flags, task, outcome, sinceMs: since, clock: Date.now }, process.stdout);
  });

for (const [name, description] of [
  ['park', 'have a run stand still, until: sterna resume'],
  ['resume', 'let a run go on that was parked by hand'],
  ['cancel', 'end a run that goes on or is parked, without effect'],
] as const) {
  askingCommand(`${name} <run>`, description).action(async (run: string, options: AskFlags) => {
    const { currentRunCommand } = await import('./commands/current-run.js');
    process.exitCode = await currentRunCommand(name, run, { options, out: process.stdout });
  });
}

askingCommand('migrate <run>', 'have a run go on at a provider, or here, from its next point of execution')
  .option('--to <name>', 'the provider')
  .option('--home', 'here', false)
  .action(async (run: string, { to, home, ...flags }: AskFlags & { readonly to?: string; readonly home: boolean }) => {
    if ((to === undefined) !== home) throw new Error('migrate must have either --to NAME or --home');
    const { migrateCommand } = await import('./commands/migrate.js');
    process.exitCode = await migrateCommand(run, { ...flags, to }, process.stdout);
  });

askingCommand('watch <run>', 'follow a run that moves: where it executes, and who goes on if the link is lost').action(
  async (run: string, flags: AskFlags) => {
    const { watchCommand } = await import('./commands/watch.js');
    const moment = (): Promise<void> => new Promise((resolve) => void setTimeout(resolve, WATCH_MS));
    process.exitCode = await watchCommand(run, { ...flags, moment }, process.stdout);
  },
);

const checkpoint = program.command('checkpoint').description('points of execution of runs, as files');

askingCommand('save <run> <file>', 'write where a run of a running hub is to a new file', checkpoint).action(
  async (run: string, file: string, options: AskFlags) => {
    const { checkpointSaveCommand } = await import('./commands/checkpoint.js');
    process.exitCode = await checkpointSaveCommand(run, file, { options, out: process.stdout });
  },
);

checkpoint
  .command('show <file>')
  .description('print what is inside')
  .option('--json', 'on one line, for programs', false)
  .action(async (file: string, { json }: { readonly json: boolean }) => {
    const { checkpointShowCommand } = await import('./commands/checkpoint.js');
    process.exitCode = await checkpointShowCommand(file, json, process.stdout);
  });

checkpoint
  .command('run <file>')
  .description('go on from it, here and without a hub, and print outcome, effects and fuel')
  .requiredOption('--component <file>', 'the component of its task')
  .option('--json', 'on one line, for programs', false)
  .action(async (file: string, options: { readonly component: string; readonly json: boolean }) => {
    const { checkpointRunCommand } = await import('./commands/checkpoint.js');
    process.exitCode = await checkpointRunCommand(file, options, process.stdout);
  });

askingCommand('run <run>', 'show all that is kept of a run that is over').action(
  async (run: string, flags: AskFlags) => {
    const { runCommand } = await import('./commands/run.js');
    process.exitCode = await runCommand(run, flags, process.stdout);
  },
);

askingCommand('replay <run>', 'execute a run that is over again, here, without effects, and compare').action(
  async (run: string, flags: AskFlags) => {
    const { replayCommand } = await import('./commands/replay.js');
    process.exitCode = await replayCommand(run, flags, process.stdout);
  },
);

askingCommand('providers', 'list the providers of a running hub, and what they may execute').action(
  async (flags: AskFlags) => {
    const { providersCommand } = await import('./commands/providers.js');
    process.exitCode = await providersCommand(flags, process.stdout);
  },
);

askingCommand('conditions', 'tell a running hub what it is under: placement adapts to it')
  .addOption(new Option('--metered <on|off>', 'what goes over the network costs money').choices(['on', 'off']))
  .addOption(new Option('--battery <on|off>', 'the hub is on battery').choices(['on', 'off']))
  .addOption(new Option('--hot <on|off>', 'the machine is hot').choices(['on', 'off']))
  .action(async (flags: AskFlags & { readonly metered?: string; readonly battery?: string; readonly hot?: string }) => {
    const { conditionsCommand } = await import('./commands/conditions.js');
    const { metered, battery, hot } = flags;
    process.exitCode = await conditionsCommand({ ...flags, metered, battery, hot }, process.stdout);
  });

askingCommand('explain <run>', 'say where a run was placed, and why').action(async (run: string, flags: AskFlags) => {
  const { explainCommand } = await import('./commands/explain.js');
  process.exitCode = await explainCommand(run, flags, process.stdout);
});

askingCommand('logs [task]', 'show what tasks logged, and runs that did not complete')
  .option('-f, --follow', 'go on with what is logged from now on', false)
  .action(async (task: string | undefined, flags: AskFlags & { readonly follow: boolean }) => {
    const { logsCommand } = await import('./commands/logs.js');
    process.exitCode = await logsCommand({ ...flags, task }, process.stdout);
  });

askingCommand('invoke <task>', 'run a task for an event made up here; its effects are real')
  .requiredOption('--topic <topic>', 'topic of the event')
  .option('--payload <text>', 'payload of the event')
  .option('--file <path>', 'a file that holds the payload')
  .action(
    async (
      task: string,
      flags: AskFlags & { readonly topic: string; readonly payload?: string; readonly file?: string },
    ) => {
      const { invokeCommand } = await import('./commands/invoke.js');
      const { payload, file } = flags;
      process.exitCode = await invokeCommand(task, { ...flags, payload, file }, process.stdout);
    },
  );

askingCommand('release <task>', 'let a task that is quarantined go on').action(
  async (task: string, flags: AskFlags) => {
    const { releaseCommand } = await import('./commands/release.js');
    process.exitCode = await releaseCommand(task, flags, process.stdout);
  },
);

interface WhichFlags extends AskFlags {
  readonly task?: string;
  readonly all: boolean;
}

const dlq = program
  .command('dlq')
  .description('dead letters: events whose runs were given up, messages the broker refused');

askingCommand('list', 'list dead letters, the latest first', dlq)
  .option('--task <task>', 'only those of a task')
  .option('-n, --limit <n>', 'at most so many', wholeNumber(1, 2_000), 30)
  .action(async (flags: AskFlags & { readonly task?: string; readonly limit: number }) => {
    const { dlqListCommand } = await import('./commands/dlq.js');
    process.exitCode = await dlqListCommand({ ...flags, task: flags.task }, process.stdout);
  });

askingCommand('show <id>', 'show all that is kept of a dead letter', dlq).action(
  async (id: string, flags: AskFlags) => {
    const { dlqShowCommand } = await import('./commands/dlq.js');
    process.exitCode = await dlqShowCommand(id, flags, process.stdout);
  },
);

askingCommand('redrive [id]', 'send dead letters back: events to their tasks, messages to the broker', dlq)
  .option('--task <task>', 'all of a task')
  .option('--all', 'all there are', false)
  .action(async (id: string | undefined, { task, all, ...flags }: WhichFlags) => {
    const { dlqRedriveCommand } = await import('./commands/dlq.js');
    process.exitCode = await dlqRedriveCommand({ id, task, all }, flags, process.stdout);
  });

askingCommand('purge [id]', 'throw dead letters away', dlq)
  .option('--task <task>', 'all of a task')
  .option('--all', 'all there are', false)
  .action(async (id: string | undefined, { task, all, ...flags }: WhichFlags) => {
    const { dlqPurgeCommand } = await import('./commands/dlq.js');
    process.exitCode = await dlqPurgeCommand({ id, task, all }, flags, process.stdout);
  });

askingCommand('deploy <dir>', 'deploy the task in a folder to a running hub').action(
  async (dir: string, flags: AskFlags) => {
    const { deployCommand } = await import('./commands/deploy.js');
    process.exitCode = await deployCommand(dir, flags, process.stdout);
  },
);

askingCommand('rm <task>', 'remove a task from a running hub')
  .option('--state', 'remove its own bucket too', false)
  .action(async (task: string, flags: AskFlags & { readonly state: boolean }) => {
    const { rmCommand } = await import('./commands/rm.js');
    process.exitCode = await rmCommand(task, flags, process.stdout);
  });

askingCommand('backup <file>', 'write a copy of the state of a running hub to a new file').action(
  async (file: string, flags: AskFlags) => {
    const { backupCommand } = await import('./commands/backup.js');
    process.exitCode = await backupCommand(file, flags, process.stdout);
  },
);

askingCommand('queue', 'show what waits for each task').action(async (flags: AskFlags) => {
  const { queueCommand } = await import('./commands/queue.js');
  process.exitCode = await queueCommand(flags, process.stdout);
});

askingCommand('state [bucket] [key]', 'show what tasks keep: the buckets, the keys of one, or a value')
  .option('--prefix <text>', 'only keys that begin with it', '')
  .option('-n, --limit <n>', 'at most so many keys', wholeNumber(1, 1_000), 100)
  .action(
    async (
      bucket: string | undefined,
      key: string | undefined,
      flags: AskFlags & { readonly prefix: string; readonly limit: number },
    ) => {
      const { stateCommand } = await import('./commands/state.js');
      process.exitCode = await stateCommand(bucket, key, flags, process.stdout);
    },
  );

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`sterna: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

function packageVersion(): string {
  const file: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return typeof file === 'object' && file !== null && 'version' in file ? String(file.version) : 'unknown';
}

function listed(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

function duration(value: string): number {
  const parsed = parseDurationMs(value);
  if (parsed.ok) return parsed.amount;
  throw new InvalidArgumentError(`It must be ${parsed.expected}.`);
}

function sizeOrOff(value: string): number {
  if (value === 'off') return 0;
  const parsed = parseBytes(value);
  if (parsed.ok) return parsed.amount;
  throw new InvalidArgumentError(`It must be ${parsed.expected}, or "off".`);
}

function number(value: string): number {
  const parsed = value.trim() === '' ? Number.NaN : Number(value);
  if (!Number.isNaN(parsed)) return parsed;
  throw new InvalidArgumentError('It must be a number.');
}

function wholeNumber(least: number, most: number): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (/^\d+$/.test(value) && number >= least && number <= most) return number;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };
}

function deviceClass(value: string): string {
  if (DEVICE_CLASS.test(value)) return value;
  throw new InvalidArgumentError('It must be a word of small letters, digits and -, such as server.');
}

/** Whoever has the token controls the hub, and HTTP shows it to the network: so it stays on this machine. */
function loopbackOrOff(value: string): HubFlags['api'] {
  // Not undefined, which commander takes for an option without a value.
  if (value === 'off') return value;
  const parsed = address(value);
  if (parsed.host === 'localhost' || parsed.host === '::1' || /^127(\.\d{1,3}){3}$/.test(parsed.host)) return parsed;
  throw new InvalidArgumentError('It must be an address of loopback, such as 127.0.0.1:7442, or "off".');
}

function address(value: string): { readonly host: string; readonly port: number } {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(value) ?? [];
  const host = bracketed ?? plain;
  if (host !== undefined && Number(port) <= 65_535) return { host, port: Number(port) };
  throw new InvalidArgumentError('It must be HOST:PORT, such as 127.0.0.1:1883.');
}
