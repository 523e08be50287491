/** How checkpoints are called on disk: by what names them, and while they are written, by another name. */
import { join } from 'node:path';

const NAME = /^([0-9a-f]{64})\.checkpoint$/;

export function fileOf(dir: string, digest: string): string {
  return join(dir, `${digest}.checkpoint`);
}

export function unfinishedOf(dir: string, digest: string): string {
  return join(dir, `${digest}.new`);
}

/** The digest in the name of a file; undefined for one that is no whole checkpoint. */
export function digestIn(name: string): string | undefined {
  return NAME.exec(name)?.[1];
}
