/** Points of execution of runs, as files. */
import { askingCommand, Option, type AskFlags, type Command } from './command-line.js';
import { size } from './option-values.js';

interface FileFlags {
  readonly json: boolean;
  readonly most: number;
}

/** For a file of whoever wrote it. */
function mostOption(): Option {
  return new Option('--most <size>', 'refuse one that is more when it is unpacked')
    .argParser(size)
    .default(256 * 1024 * 1024, '256MiB');
}

export function addCheckpoints(program: Command): void {
  const checkpoint = program.command('checkpoint').description('points of execution of runs, as files');

  askingCommand(checkpoint, 'save <run> <file>', 'write where a run of a running hub is to a new file').action(
    async (run: string, file: string, options: AskFlags) => {
      const { checkpointSaveCommand } = await import('../commands/checkpoint.js');
      process.exitCode = await checkpointSaveCommand(run, file, { options, out: process.stdout });
    },
  );

  checkpoint
    .command('show <file>')
    .description('print what is inside')
    .option('--json', 'on one line, for programs', false)
    .addOption(mostOption())
    .action(async (file: string, options: FileFlags) => {
      const { checkpointShowCommand } = await import('../commands/checkpoint.js');
      process.exitCode = await checkpointShowCommand(file, options, process.stdout);
    });

  checkpoint
    .command('run <file>')
    .description('go on from it, here and without a hub, and print outcome, effects and fuel')
    .requiredOption('--component <file>', 'the component of its task')
    .option('--json', 'on one line, for programs', false)
    .addOption(mostOption())
    .action(async (file: string, options: FileFlags & { readonly component: string }) => {
      const { checkpointRunCommand } = await import('../commands/checkpoint.js');
      process.exitCode = await checkpointRunCommand(file, options, process.stdout);
    });
}
