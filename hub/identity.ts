import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Valid as an MQTT client id for any broker (MQTT 3.1.1, section 3.1.3.1). */
const IDENTITY = /^[0-9A-Za-z]{1,23}$/;

/**
 * The name a hub goes by at its broker, which keeps unacknowledged events
 * under it: made once and kept in the hub's data folder.
 */
export async function hubIdentity(dataDir: string): Promise<string> {
  const file = join(dataDir, 'identity');
  await mkdir(dataDir, { recursive: true });
  const made = `sterna${randomBytes(8).toString('hex')}`;
  try {
    await writeFile(file, `${made}\n`, { flag: 'wx', mode: 0o600 });
    return made;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  const kept = (await readFile(file, 'utf8')).trim();
  if (IDENTITY.test(kept)) return kept;
  throw new Error(`Cannot use ${file} as it must hold 1 to 23 letters and digits: delete it to have it made anew`);
}
