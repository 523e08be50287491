/** Where things are in the checkout. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
/** The compiled binary. */
export const MAIN = join(ROOT, 'dist', 'hub', 'main.js');
export const GUESTS = join(ROOT, 'guest-tasks');
/** The task that misbehaves, for show. */
export const ROGUE = 'spin';
