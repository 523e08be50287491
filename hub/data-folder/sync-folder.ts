import { closeSync, fsyncSync, openSync } from 'node:fs';

/** Makes durable which files a folder has: a file may be on disk and its name not. */
export function syncFolder(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
