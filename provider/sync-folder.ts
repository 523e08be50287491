import { open } from 'node:fs/promises';

/** The names in a folder, and what has gone from it, are on disk from then on. */
export async function syncFolder(dir: string): Promise<void> {
  const handle = await open(dir, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
