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

/** A command that asks a running hub. */
export function askingCommand(under: Command, usage: string, description: string): Command {
  return under
    .command(usage)
    .description(description)
    .option('--data <dir>', 'the data folder of the hub that is asked', 'sterna-data')
    .option('--json', 'print what the hub answers, for programs', false);
}
