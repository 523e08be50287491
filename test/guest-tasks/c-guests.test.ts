/** Tasks in C, built as guest-tasks/README.md says, by the clang of the system. */
import { spawnSync } from 'node:child_process';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { buildTask } from '../../hub/build/index.js';
import { parseManifest } from '../../hub/manifest/index.js';
import { PACKAGE_ROOT } from '../package-root.js';
import type { BuiltTask } from '../runtime/built-task.js';
import { startRuntime } from '../runtime/started-runtime.js';

t.setTimeout(120_000);

/** A clang that can compile C for wasm32, with or without a standard library. */
function canCompile(target: string): boolean {
  const args = [`--target=${target}`, '-x', 'c', '-', '-o', '/dev/null', '-nostartfiles', '-Wl,--no-entry'];
  const source = target === 'wasm32' ? '' : '#include <stdio.h>\n';
  return spawnSync('clang', target === 'wasm32' ? [...args, '-nostdlib'] : args, { input: source }).status === 0;
}

const skips = {
  freestanding: canCompile('wasm32') ? false : 'clang and lld for wasm32 are not installed',
  libc: canCompile('wasm32-wasi') ? false : 'clang, lld, wasi-libc and libclang-rt-dev-wasm32 are not installed',
};

/** Compiles a fixture in a folder of its own, and makes a task of it. */
async function compiled(t: Test, name: string, flags: readonly string[]): Promise<BuiltTask> {
  const folder = await mkdtemp(join(tmpdir(), 'sterna-c-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const dir = join(folder, name);
  await cp(join(PACKAGE_ROOT, 'test', 'fixtures', 'guests-c', name), dir, { recursive: true });
  const args = [...flags, '-O2', '-Wall', '-Werror', '-o', 'index.wasm', 'guest.c'];
  const { status, stderr } = spawnSync('clang', args, { cwd: dir, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  const result = await buildTask(dir);
  if (!result.ok) throw new Error(result.message);
  const toml = await readFile(join(dir, 'task.toml'), 'utf8');
  const parsed = parseManifest(toml, 'task.toml');
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return { manifest: parsed.manifest, toml, component: await readFile(join(dir, result.report.component)) };
}

t.test('C without a standard library is a task', { skip: skips.freestanding }, async (t) => {
  const { install } = await startRuntime(t, { threads: 1 });
  const task = await compiled(t, 'freestanding', ['--target=wasm32', '-nostdlib', '-Wl,--no-entry']);
  const run = await install(task);
  for (const payload of ['', 'grüß 😀', 'x'.repeat(200_000)]) {
    const { outcome, effects } = await run({ topic: 'in/ä', payload });
    t.strictSame(outcome, { kind: 'completed' });
    t.match(effects, [{ kind: 'publish', topic: 'echo/in/ä' }]);
    const [effect] = effects;
    if (effect?.kind === 'publish') t.equal(Buffer.from(effect.payload).toString(), payload);
  }
});

t.test(
  'C with its standard library finds nothing of the machine, and prints to the log',
  { skip: skips.libc },
  async (t) => {
    const { install } = await startRuntime(t, { threads: 1 });
    const task = await compiled(t, 'libc', ['--target=wasm32-wasi', '-mexec-model=reactor']);
    const run = await install(task);

    const looked = await run({ payload: 'look' });
    t.strictSame(looked.outcome, { kind: 'completed' });
    t.strictSame(looked.log.map(({ level, context, message }) => `${level} ${context}: ${message}`).toSorted(), [
      'info stdout: HOME is not set',
      'info stdout: a file is not opened',
      'info stdout: standard input is at its end: 1',
      'info stdout: the year is 2026',
      'warn stderr: no newline',
    ]);
    const again = await run({ payload: 'look' });
    t.strictSame([again.log, again.usage.fuel], [looked.log, looked.usage.fuel], 'each event begins anew');

    t.strictSame((await run({ payload: 'fail' })).outcome, { kind: 'failed', message: 'as it was told' });
    t.match((await run({ payload: 'exit' })).outcome, { kind: 'failed', message: /called exit/ });
    t.match((await run({ payload: 'abort' })).outcome, { kind: 'trapped', reason: 'unreachable' });
    t.match((await run({ payload: 'sleep' })).outcome, { kind: 'denied', message: /cannot wait for a clock/ });
    t.strictSame(
      (await run({ payload: 'hoard' })).outcome,
      { kind: 'completed' },
      'malloc answers with NULL at the limit',
    );
    t.strictSame((await run({ payload: '' })).outcome, { kind: 'completed' });
  },
);
