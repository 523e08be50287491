/** Events whose runs were given up, and messages that the broker refused. */
import { askingCommand, type AskFlags, type Command } from './command-line.js';
import { wholeNumber } from './option-values.js';

interface WhichFlags extends AskFlags {
  readonly task?: string;
  readonly all: boolean;
}

export function addDeadLetters(program: Command): void {
  const dlq = program
    .command('dlq')
    .description('dead letters: events whose runs were given up, messages the broker refused');

  askingCommand(dlq, 'list', 'list dead letters, the latest first')
    .option('--task <task>', 'only those of a task')
    .option('-n, --limit <n>', 'at most so many', wholeNumber(1, 2_000), 30)
    .action(async (flags: AskFlags & { readonly task?: string; readonly limit: number }) => {
      const { dlqListCommand } = await import('../commands/dlq.js');
      process.exitCode = await dlqListCommand({ ...flags, task: flags.task }, process.stdout);
    });

  askingCommand(dlq, 'show <id>', 'show all that is kept of a dead letter').action(
    async (id: string, flags: AskFlags) => {
      const { dlqShowCommand } = await import('../commands/dlq.js');
      process.exitCode = await dlqShowCommand(id, flags, process.stdout);
    },
  );

  askingCommand(dlq, 'redrive [id]', 'send dead letters back: events to their tasks, messages to the broker')
    .option('--task <task>', 'all of a task')
    .option('--all', 'all there are', false)
    .action(async (id: string | undefined, { task, all, ...flags }: WhichFlags) => {
      const { dlqRedriveCommand } = await import('../commands/dlq.js');
      process.exitCode = await dlqRedriveCommand({ id, task, all }, flags, process.stdout);
    });

  askingCommand(dlq, 'purge [id]', 'throw dead letters away')
    .option('--task <task>', 'all of a task')
    .option('--all', 'all there are', false)
    .action(async (id: string | undefined, { task, all, ...flags }: WhichFlags) => {
      const { dlqPurgeCommand } = await import('../commands/dlq.js');
      process.exitCode = await dlqPurgeCommand({ id, task, all }, flags, process.stdout);
    });
}
