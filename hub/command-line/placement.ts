/** Where runs may execute, and what decides it. */
import type { AppPlanOptions } from '../commands/app-plan.js';
import { askingCommand, Option, type AskFlags, type Command } from './command-line.js';
import { listed } from './option-values.js';

interface PlanFlags extends Pick<AppPlanOptions, 'tasks' | 'metered' | 'battery' | 'json'> {
  readonly data?: string;
}

export function addPlacement(program: Command): void {
  program
    .command('app')
    .description('look at applications')
    .command('plan <file>')
    .description('say for each task of an application where it may execute, and why')
    .requiredOption('--tasks <dir>', 'a task folder, or a folder of task folders; may be given again', listed)
    .option('--metered', 'as on a network that is metered', false)
    .option('--battery', 'as on battery', false)
    .option('--data <dir>', 'the data folder of a running hub: also say what its providers take')
    .option('--json', 'print it for programs', false)
    .action(async (file: string, flags: PlanFlags) => {
      const { appPlanCommand } = await import('../commands/app-plan.js');
      process.exitCode = await appPlanCommand({ ...flags, data: flags.data, file }, process.stdout);
    });

  askingCommand(program, 'providers', 'list the providers of a running hub, and what they may execute').action(
    async (flags: AskFlags) => {
      const { providersCommand } = await import('../commands/providers.js');
      process.exitCode = await providersCommand(flags, process.stdout);
    },
  );

  askingCommand(program, 'conditions', 'show what a running hub is under, or tell it: placement follows')
    .addOption(new Option('--metered <on|off>', 'what goes over the network costs money').choices(['on', 'off']))
    .addOption(new Option('--battery <on|off>', 'the hub is on battery').choices(['on', 'off']))
    .addOption(new Option('--hot <on|off>', 'the machine is hot').choices(['on', 'off']))
    .action(
      async (flags: AskFlags & { readonly metered?: string; readonly battery?: string; readonly hot?: string }) => {
        const { conditionsCommand } = await import('../commands/conditions.js');
        const { metered, battery, hot } = flags;
        process.exitCode = await conditionsCommand({ ...flags, metered, battery, hot }, process.stdout);
      },
    );

  askingCommand(program, 'explain <run>', 'say where a run was placed, and why').action(
    async (run: string, flags: AskFlags) => {
      const { explainCommand } = await import('../commands/explain.js');
      process.exitCode = await explainCommand(run, flags, process.stdout);
    },
  );
}
