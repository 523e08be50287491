/** Where things are in the checkout. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
/** The compiled binary. */
export const MAIN = join(ROOT, 'dist', 'hub', 'main.js');
/** Components that were prepared: with them, a hub is ready in a moment. */
export const PREPARED = join(ROOT, 'dist', 'prepared');
export const GUESTS = join(ROOT, 'guest-tasks');
/** The task that misbehaves, for show. */
export const ROGUE = 'spin';
