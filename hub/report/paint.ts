/** Colours for a terminal that wants them. */
export interface Paint {
  good(text: string): string;
  bad(text: string): string;
  quiet(text: string): string;
  strong(text: string): string;
}

const PLAIN: Paint = { good: same, bad: same, quiet: same, strong: same };

const COLOURED: Paint = {
  good: (text) => `\u001b[32m${text}\u001b[0m`,
  bad: (text) => `\u001b[31m${text}\u001b[0m`,
  quiet: (text) => `\u001b[2m${text}\u001b[0m`,
  strong: (text) => `\u001b[1m${text}\u001b[0m`,
};

/** Colours on a terminal only, and not where NO_COLOR is set (https://no-color.org); FORCE_COLOR is for one behind a pipe. */
export function paintFor(isTerminal: boolean, environment: Readonly<Record<string, string | undefined>>): Paint {
  if ((environment['NO_COLOR'] ?? '') !== '') return PLAIN;
  const forced = environment['FORCE_COLOR'] ?? '';
  return isTerminal || (forced !== '' && forced !== '0') ? COLOURED : PLAIN;
}

function same(text: string): string {
  return text;
}
