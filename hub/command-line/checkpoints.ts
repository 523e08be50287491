/** Points of execution of runs, as files. */
import { askingCommand, type AskFlags, type Command } from './command-line.js';

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
    .action(async (file: string, { json }: { readonly json: boolean }) => {
      const { checkpointShowCommand } = await import('../commands/checkpoint.js');
      process.exitCode = await checkpointShowCommand(file, json, process.stdout);
    });

  checkpoint
    .command('run <file>')
    .description('go on from it, here and without a hub, and print outcome, effects and fuel')
    .requiredOption('--component <file>', 'the component of its task')
    .option('--json', 'on one line, for programs', false)
    .action(async (file: string, options: { readonly component: string; readonly json: boolean }) => {
      const { checkpointRunCommand } = await import('../commands/checkpoint.js');
      process.exitCode = await checkpointRunCommand(file, options, process.stdout);
    });
}
