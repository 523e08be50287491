import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { madeOnce } from './made-once.js';

const FILE = 'identity';

/** Valid as an MQTT client id for any broker (MQTT 3.1.1, section 3.1.3.1). */
const IDENTITY = /^[0-9A-Za-z]{1,23}$/;

/**
 * The name a hub goes by at its broker, which keeps unacknowledged events
 * under it: made once and kept in the hub's data folder.
 */
export async function hubIdentity(dataDir: string): Promise<string> {
  const kept = await madeOnce(dataDir, FILE, () => `sterna${randomBytes(8).toString('hex')}`);
  if (IDENTITY.test(kept)) return kept;
  throw new Error(
    `Cannot use ${join(dataDir, FILE)} as it must hold 1 to 23 letters and digits: delete it to have it made anew`,
  );
}
