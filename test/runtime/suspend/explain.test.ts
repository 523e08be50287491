/** Whether a task can be resumable is said before anybody relies on it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { t } from 'tap';
import { explainResumable } from '../../../runtime/index.js';
import { Provisioner } from '../../../runtime/provision/provisioner.js';
import { taskComponent } from '../wat-component.js';

t.setTimeout(120_000);

const MiB = 1024 * 1024;
const MEMORY_BYTES = 16 * MiB;

t.test('what it costs in size, or all that is in the way, is said', { timeout: 55_000 }, async (t) => {
  const cacheDir = await mkdtemp(join(tmpdir(), 'sterna-explain-'));
  t.teardown(() => rm(cacheDir, { recursive: true }));
  const options = { cacheDir, memoryBytes: MEMORY_BYTES };
  const calls = { fields: '(func $f (call $g)) (func $g)', body: '(call $f)' };
  const can = await explainResumable(await taskComponent(calls), options);
  t.ok(can.resumable && can.sizeBytes > can.plainBytes, JSON.stringify(can));
  const drops = { fields: '(data $d "x") (func (data.drop $d)) (func (local externref))' };
  const cannot = await explainResumable(await taskComponent(drops), options);
  t.match(cannot, { resumable: false, reasons: [/drops segments/, /references in locals/] });
  await t.rejects(explainResumable(Buffer.from('no component'), options), { code: 'component-invalid' });
});

/** A function of so many calls in a row, each behind a branch, all of whose locals are live throughout. */
const many = (count: number): string => {
  const locals = Array.from({ length: 60 }, (_, i) => i);
  const calls = Array.from({ length: count }, (_, i) => {
    return `(if (local.get ${i % 60}) (then (local.set ${(i * 7) % 60} (call $one (local.get ${(i * 13) % 60})))))`;
  });
  const sum = locals.reduce((text, i) => `(i32.add ${text} (local.get ${i}))`, '(i32.const 0)');
  return `(func $one (param i32) (result i32) (call $two) (local.get 0)) (func $two)
    (func $many (result i32) (local ${'i32 '.repeat(60)}) ${calls.join('\n')} ${sum})`;
};

t.test('a function that takes too long to rewrite is refused within the bound', { timeout: 55_000 }, async (t) => {
  const cacheDir = await mkdtemp(join(tmpdir(), 'sterna-explain-'));
  t.teardown(() => rm(cacheDir, { recursive: true }));
  const component = await taskComponent({ fields: many(4_000), body: '(drop (call $many))' });
  // What it takes beyond the bound is what counts: preparing it otherwise takes a second.
  const provisioner = new Provisioner(cacheDir, () => ({ cpuMs: 5_000, wallMs: 50_000, residentBytes: 1024 * MiB }));
  t.teardown(() => provisioner.close());
  await t.resolves(provisioner.prepare(component, { memoryBytes: MEMORY_BYTES }));
  const slow = provisioner.prepare(component, { memoryBytes: MEMORY_BYTES, resumable: 'all' });
  await t.rejects(slow, { code: 'provision-bound', message: /took more than 5 s of processor time/ });
});

t.test('a module that is too large to be rewritten is told so at once', { timeout: 55_000 }, async (t) => {
  const cacheDir = await mkdtemp(join(tmpdir(), 'sterna-explain-'));
  t.teardown(() => rm(cacheDir, { recursive: true }));
  const data = `(data (i32.const 0) "${'x'.repeat(4 * MiB)}")`;
  const component = await taskComponent({ memory: 65, fields: data });
  const explained = await explainResumable(component, { cacheDir, memoryBytes: MEMORY_BYTES });
  t.match(explained, {
    resumable: false,
    reasons: [/^\S+, which handles events, has \d+ bytes: at most 4194304 can be/],
  });
});
