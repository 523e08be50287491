/** What a running hub is asked about runs, and told of them. */
import { askingCommand, type AskFlags, type Command } from './command-line.js';
import { duration, wholeNumber } from './option-values.js';

/** Between two looks of `sterna watch`: a person sees no faster. */
const WATCH_MS = 250;

interface RunsFlags extends AskFlags {
  readonly limit: number;
  readonly outcome?: string;
  readonly since?: number;
}

export function addRuns(program: Command): void {
  askingCommand(program, 'runs [task]', 'list the runs that go on, and those that ended last')
    .option('-n, --limit <n>', 'at most so many', wholeNumber(1, 1_000), 30)
    .option('--outcome <kind>', 'only those that ended so, such as trapped')
    .option('--since <duration>', 'only those that ended within so long, such as 2h', duration)
    .addHelpText('after', RUNS_WORDS)
    .action(async (task: string | undefined, { outcome, since, ...flags }: RunsFlags) => {
      const { runsCommand } = await import('../commands/runs.js');
      process.exitCode = await runsCommand(
        { ...flags, task, outcome, sinceMs: since, clock: Date.now },
        process.stdout,
      );
    });

  askingCommand(program, 'run <run>', 'show all that is kept of a run that is over').action(
    async (run: string, flags: AskFlags) => {
      const { runCommand } = await import('../commands/run.js');
      process.exitCode = await runCommand(run, flags, process.stdout);
    },
  );

  askingCommand(program, 'replay <run>', 'execute a run that is over again, here, without effects, and compare').action(
    async (run: string, flags: AskFlags) => {
      const { replayCommand } = await import('../commands/replay.js');
      process.exitCode = await replayCommand(run, flags, process.stdout);
    },
  );

  askingCommand(program, 'logs [task]', 'show what tasks logged, and runs that did not complete')
    .option('-f, --follow', 'go on with what is logged from now on', false)
    .action(async (task: string | undefined, flags: AskFlags & { readonly follow: boolean }) => {
      const { logsCommand } = await import('../commands/logs.js');
      process.exitCode = await logsCommand({ ...flags, task }, process.stdout);
    });

  for (const [name, description] of [
    ['park', 'have a run stand still, until: sterna resume'],
    ['resume', 'let a run go on that was parked by hand'],
    ['cancel', 'end a run that goes on or is parked, without effect'],
  ] as const) {
    askingCommand(program, `${name} <run>`, description).action(async (run: string, options: AskFlags) => {
      const { currentRunCommand } = await import('../commands/current-run.js');
      process.exitCode = await currentRunCommand(name, run, { options, out: process.stdout });
    });
  }

  askingCommand(program, 'migrate <run>', 'have a run go on at a provider, or here, from its next point of execution')
    .option('--to <name>', 'the provider')
    .option('--home', 'here', false)
    .action(
      async (run: string, { to, home, ...flags }: AskFlags & { readonly to?: string; readonly home: boolean }) => {
        if ((to === undefined) !== home) throw new Error('migrate must have either --to NAME or --home');
        const { migrateCommand } = await import('../commands/migrate.js');
        process.exitCode = await migrateCommand(run, { ...flags, to }, process.stdout);
      },
    );

  askingCommand(
    program,
    'watch <run>',
    'follow a run that moves: where it executes, how far it is, who goes on if the link is lost, and its moves',
  )
    .option('--once', 'say how it stands now, and end', false)
    .addHelpText('after', WATCH_WORDS)
    .action(async (run: string, flags: AskFlags & { readonly once: boolean }) => {
      const { watchCommand } = await import('../commands/watch.js');
      const moment = (): Promise<void> => new Promise((resolve) => void setTimeout(resolve, WATCH_MS));
      process.exitCode = await watchCommand(run, { ...flags, clock: Date.now, moment }, process.stdout);
    });
}

const RUNS_WORDS = `
fuel so far   at the last point of a run that is known
last point    of one that goes on, from which it could go on elsewhere or after a restart
time, in all  of one that is over: how long it executed, and from its event to its end
Of those that move, as in sterna watch --help: epoch, point, lag, mode, without the link`;

const WATCH_WORDS = `
epoch             grows with each move: the hub executes in even ones, the provider in odd ones
point             the last place that is known here from which the run can go on
lag               points that the provider is not known to hold; "-" while it executes there
mode              synchronous: who executes waits at each point until the other side holds it; asynchronous: it goes on
without the link  who goes on if the link is lost, or now that it is`;
