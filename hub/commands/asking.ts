/** What the commands that ask a running hub have in common. */
import { ApiClient, ApiError } from '../api/index.js';

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
    process.stderr.write(`sterna: ${error.message}\n`);
    return 1;
  }
}

/** One line of JSON. */
export function printJson(out: Output, value: unknown): void {
  out.write(`${JSON.stringify(value)}\n`);
}
