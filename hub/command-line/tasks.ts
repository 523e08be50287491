/** What a running hub is asked about its tasks, and told of them. */
import { askingCommand, type AskFlags, type Command } from './command-line.js';
import { wholeNumber } from './option-values.js';

export function addTasks(program: Command): void {
  askingCommand(program, 'ls', 'list the tasks of a running hub').action(async (flags: AskFlags) => {
    const { lsCommand } = await import('../commands/ls.js');
    process.exitCode = await lsCommand(flags, process.stdout);
  });

  askingCommand(
    program,
    'inspect <task>',
    'show all that a running hub knows of a task, or what can be said of a ./folder',
  ).action(async (task: string, flags: AskFlags) => {
    if (task.includes('/')) {
      const { inspectFolder } = await import('../commands/inspect-folder.js');
      process.exitCode = await inspectFolder(task, flags, process.stdout);
      return;
    }
    const { inspectCommand } = await import('../commands/inspect.js');
    process.exitCode = await inspectCommand(task, flags, process.stdout);
  });

  askingCommand(program, 'deploy <dir>', 'deploy the task in a folder to a running hub').action(
    async (dir: string, flags: AskFlags) => {
      const { deployCommand } = await import('../commands/deploy.js');
      process.exitCode = await deployCommand(dir, flags, process.stdout);
    },
  );

  askingCommand(program, 'rm <task>', 'remove a task from a running hub')
    .option('--state', 'remove its own bucket too', false)
    .action(async (task: string, flags: AskFlags & { readonly state: boolean }) => {
      const { rmCommand } = await import('../commands/rm.js');
      process.exitCode = await rmCommand(task, flags, process.stdout);
    });

  askingCommand(program, 'invoke <task>', 'run a task for an event made up here; its effects are real')
    .requiredOption('--topic <topic>', 'topic of the event')
    .option('--payload <text>', 'payload of the event')
    .option('--file <path>', 'a file that holds the payload')
    .action(
      async (
        task: string,
        flags: AskFlags & { readonly topic: string; readonly payload?: string; readonly file?: string },
      ) => {
        const { invokeCommand } = await import('../commands/invoke.js');
        const { payload, file } = flags;
        process.exitCode = await invokeCommand(task, { ...flags, payload, file }, process.stdout);
      },
    );

  askingCommand(program, 'release <task>', 'let a task that is quarantined go on').action(
    async (task: string, flags: AskFlags) => {
      const { releaseCommand } = await import('../commands/release.js');
      process.exitCode = await releaseCommand(task, flags, process.stdout);
    },
  );

  askingCommand(program, 'queue', 'show what waits for each task').action(async (flags: AskFlags) => {
    const { queueCommand } = await import('../commands/queue.js');
    process.exitCode = await queueCommand(flags, process.stdout);
  });

  askingCommand(program, 'state [bucket] [key]', 'show what tasks keep: the buckets, the keys of one, or a value')
    .option('--prefix <text>', 'only keys that begin with it', '')
    .option('-n, --limit <n>', 'at most so many keys', wholeNumber(1, 1_000), 100)
    .action(
      async (
        bucket: string | undefined,
        key: string | undefined,
        flags: AskFlags & { readonly prefix: string; readonly limit: number },
      ) => {
        const { stateCommand } = await import('../commands/state.js');
        process.exitCode = await stateCommand(bucket, key, flags, process.stdout);
      },
    );

  askingCommand(program, 'backup <file>', 'write a copy of the state of a running hub to a new file').action(
    async (file: string, flags: AskFlags) => {
      const { backupCommand } = await import('../commands/backup.js');
      process.exitCode = await backupCommand(file, flags, process.stdout);
    },
  );
}
