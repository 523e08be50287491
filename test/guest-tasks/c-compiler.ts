/** Tasks in C, built as guest-tasks/README.md says, by the clang of the system. */
import { spawnSync } from 'node:child_process';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { buildTask } from '../../hub/build/index.js';
import { parseManifest } from '../../hub/manifest/index.js';
import { PACKAGE_ROOT } from '../package-root.js';
import type { BuiltTask } from '../runtime/built-task.js';

/** A clang that can compile C for wasm32, with or without a standard library. */
function canCompile(target: string): boolean {
  const args = [`--target=${target}`, '-x', 'c', '-', '-o', '/dev/null', '-nostartfiles', '-Wl,--no-entry'];
  const source = target === 'wasm32' ? '' : '#include <stdio.h>\n';
  return spawnSync('clang', target === 'wasm32' ? [...args, '-nostdlib'] : args, { input: source }).status === 0;
}

const FLAGS = {
  freestanding: ['--target=wasm32', '-nostdlib', '-Wl,--no-entry'],
  libc: ['--target=wasm32-wasi', '-mexec-model=reactor'],
} as const;

/** By fixture, why it cannot be compiled here. */
export const skips = {
  freestanding: canCompile('wasm32') ? false : 'clang and lld for wasm32 are not installed',
  libc: canCompile('wasm32-wasi') ? false : 'clang, lld, wasi-libc and libclang-rt-dev-wasm32 are not installed',
};

/** Compiles a fixture in a folder of its own, and makes a task of it. */
export async function compiled(t: Test, name: keyof typeof FLAGS): Promise<BuiltTask> {
  const folder = await mkdtemp(join(tmpdir(), 'sterna-c-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const dir = join(folder, name);
  await cp(join(PACKAGE_ROOT, 'test', 'fixtures', 'guests-c', name), dir, { recursive: true });
  const args = [...FLAGS[name], '-O2', '-Wall', '-Werror', '-o', 'index.wasm', 'guest.c'];
  const { status, stderr } = spawnSync('clang', args, { cwd: dir, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  const result = await buildTask(dir);
  if (!result.ok) throw new Error(result.message);
  const toml = await readFile(join(dir, 'task.toml'), 'utf8');
  const parsed = parseManifest(toml, 'task.toml');
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return { manifest: parsed.manifest, toml, component: await readFile(join(dir, result.report.component)) };
}
