/** Programs of their own, and commands that need no hub. */
import { REPORT_FORMATS, type ReportFormat } from '../commands/report-format.js';
import { Option, type Command } from './command-line.js';
import {
  address,
  duration,
  listed,
  loopbackOrOff,
  number,
  sizeOrOff,
  wholeNumber,
  type Address,
} from './option-values.js';

interface HubFlags {
  readonly tasks: readonly string[];
  readonly broker?: string;
  readonly listen: Address;
  readonly beyondLoopback: boolean;
  readonly data: string;
  readonly threads?: number;
  readonly for?: number;
  readonly report: ReportFormat;
  readonly log?: string;
  readonly api: Address | 'off';
  readonly records?: number;
  readonly app?: string;
}

interface SimFlags {
  readonly broker: string;
  readonly seed?: number;
  readonly speed?: number;
  readonly rooms?: number;
  readonly for?: number;
  readonly poke?: readonly string[];
}

export function addPrograms(program: Command, version: string): void {
  program
    .command('hub')
    .description('run the hub: deploy the tasks and wait for events')
    .option('--tasks <dir>', 'a task folder, or a folder of task folders; may be given again', listed, [])
    .addOption(
      new Option('--broker <url>', 'MQTT broker to connect to; without it the hub runs its own').env('STERNA_BROKER'),
    )
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
      const { hubCommand } = await import('../commands/hub.js');
      const { tasks, listen, beyondLoopback, data, report } = flags;
      process.exitCode = await hubCommand({
        tasks,
        // A variable that is there and empty says nothing.
        broker: flags.broker === '' ? undefined : flags.broker,
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
        version,
      });
    });

  program
    .command('build')
    .description('compile tasks to components')
    .argument('[dir...]', 'task folders (default: those below guest-tasks, or below here)')
    .action(async (dirs: readonly string[]) => {
      const { buildCommand } = await import('../commands/build.js');
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
      const { simCommand } = await import('../../sim/command.js');
      process.exitCode = await simCommand({ ...flags, forMs });
    });

  program
    .command('schema')
    .description('print the JSON Schema of task.toml')
    .action(async () => {
      const { schemaCommand } = await import('../commands/schema.js');
      process.exitCode = schemaCommand(process.stdout);
    });
}
