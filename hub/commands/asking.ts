/** What the commands that ask a running hub have in common. */
import { ApiClient, ApiError } from '../api/index.js';
import { printable } from '../report/index.js';

export interface AskOptions {
  /** The data folder of the hub that is asked. */
  readonly data: string;
  /** Answers as the hub gives them, for programs. */
  readonly json: boolean;
}

export interface Output {
  write(text: string): unknown;
}

/** Asks the hub. Answers with the exit code: 0, or 1 after saying on stderr why it could not be asked. */
export async function asking(
  { data }: Pick<AskOptions, 'data'>,
  ask: (client: ApiClient) => Promise<number>,
): Promise<number> {
  // Who reads may go, as `head` does: there is nothing left to say then.
  process.stdout.once('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  try {
    return await ask(await ApiClient.of(data));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    process.stderr.write(`sterna: ${complaint(error)}\n`);
    return 1;
  }
}

/** A line of what went wrong, as long as a person reads on. */
const LINE_LENGTH = 1_000;

/** The hub says it, but may repeat what a provider, a task or a manifest said. */
function complaint({ message }: ApiError): string {
  return message
    .split('\n')
    .map((line) => printable(line, LINE_LENGTH))
    .join('\n');
}

/** One line of JSON. */
export function printJson(out: Output, value: unknown): void {
  out.write(`${JSON.stringify(value)}\n`);
}
