/** The command line's own parts. The only importer of commander. */
import { Command, InvalidArgumentError, Option } from 'commander';

export { InvalidArgumentError, Option, type Command };

export interface AskFlags {
  readonly data: string;
  readonly json: boolean;
}

/** A program without commands yet. */
export function program(name: string, version: string): Command {
  return new Command(name).version(version).enablePositionalOptions();
}

/** Has each command name its own help after a wrong option or argument. */
export function helpOnErrors(command: Command, words = command.name()): void {
  command.showHelpAfterError(`(${words} --help shows how it is used)`);
  for (const under of command.commands) helpOnErrors(under, `${words} ${under.name()}`);
}

/** A command that asks a running hub. */
export function askingCommand(under: Command, usage: string, description: string): Command {
  return under
    .command(usage)
    .description(description)
    .option('--data <dir>', 'the data folder of the hub that is asked', 'sterna-data')
    .option('--json', 'print what the hub answers, for programs', false);
}
