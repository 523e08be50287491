import { saveProvider } from '../session/index.js';
import type { Output } from './asking.js';

export interface ProviderAddOptions {
  readonly token: string;
  /** The hub's data folder. */
  readonly data: string;
  readonly name: string;
}

/** `sterna provider add TOKEN`: keeps it for the hub, which looks at its providers when it starts. */
export async function providerAddCommand({ token, data, name }: ProviderAddOptions, out: Output): Promise<number> {
  try {
    const saved = await saveProvider(data, name, token);
    out.write(`${saved.name} is at ${saved.token.url}: the hub uses it when it starts next, with --app FILE\n`);
    return 0;
  } catch (error) {
    process.stderr.write(`sterna: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}
