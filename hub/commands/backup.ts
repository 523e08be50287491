import { open, rename, rm, stat } from 'node:fs/promises';
import { bytesText } from '../report/index.js';
import { asking, printJson, type AskOptions, type Output } from './asking.js';

/**
 * `sterna backup FILE`: a copy of a running hub's state, readable by its owner only. The file has its name once all of
 * it is on disk.
 */
export function backupCommand(file: string, options: AskOptions, out: Output): Promise<number> {
  return asking(options, async (client) => {
    if (await exists(file)) {
      process.stderr.write(`sterna: ${file} is there already: name a file that is not\n`);
      return 1;
    }
    const part = `${file}.part`;
    await rm(part, { force: true });
    try {
      const bytes = await write(part, await client.download('/v1/backup'));
      await rename(part, file);
      if (options.json) printJson(out, { file, bytes });
      else out.write(`${file} has the state of the hub: ${bytesText(bytes)}\n`);
      return 0;
    } catch (error) {
      await rm(part, { force: true });
      throw error;
    }
  });
}

/** @returns how many bytes there were. */
async function write(file: string, content: AsyncIterable<Uint8Array>): Promise<number> {
  const handle = await open(file, 'wx', 0o600);
  let bytes = 0;
  try {
    for await (const piece of content) {
      await handle.appendFile(piece);
      bytes += piece.length;
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  return bytes;
}

async function exists(file: string): Promise<boolean> {
  try {
    await stat(file);
    return true;
  } catch {
    return false;
  }
}
