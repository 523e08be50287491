import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { loadTasks, type LoadedTask } from '../../../hub/registry/index.js';

const MANIFEST = (name: string): string => `name = "${name}"\nversion = "1.0.0"\n[[trigger]]\ntopic = "a"\n`;

async function writeTask(dir: string, name: string, parts: { manifest?: string; component?: string }): Promise<void> {
  await mkdir(join(dir, name, 'build'), { recursive: true });
  if (parts.manifest !== undefined) await writeFile(join(dir, name, 'task.toml'), parts.manifest);
  if (parts.component !== undefined) await writeFile(join(dir, name, 'build', `${name}.wasm`), parts.component);
}

async function loadAll(dirs: readonly string[]): Promise<readonly LoadedTask[]> {
  const all: LoadedTask[] = [];
  for await (const loaded of loadTasks(dirs)) all.push(loaded);
  return all;
}

t.test('a folder of tasks gives each of its tasks, and a bad one does not stop the others', async (t) => {
  const dir = t.testdir({});
  await writeTask(dir, 'good', { manifest: MANIFEST('good'), component: 'wasm' });
  await writeTask(dir, 'bad', { manifest: 'nonsense' });
  await writeTask(dir, 'unbuilt', { manifest: MANIFEST('unbuilt') });
  await writeTask(dir, 'no-task', {});
  const all = await loadAll([dir]);
  t.match(all, [
    { ok: false, problems: [/bad\/task\.toml:1: /] },
    { ok: true, manifest: { name: 'good' }, component: Buffer.from('wasm') },
    { ok: false, problems: [/unbuilt\.wasm is not there: build the task first/] },
  ]);
  t.equal(all.length, 3);
});

t.test('a task folder can be named itself', async (t) => {
  const dir = t.testdir({});
  await writeTask(dir, 'one', { manifest: MANIFEST('one'), component: 'x' });
  t.match(await loadAll([join(dir, 'one')]), [{ ok: true, manifest: { name: 'one' } }]);
});

t.test('a folder that is not there, or has no tasks, is a problem of its own', async (t) => {
  const dir = t.testdir({});
  const all = await loadAll([join(dir, 'nowhere'), dir]);
  t.match(all, [
    { ok: false, problems: [/nowhere: is not there/] },
    { ok: false, problems: [/has no tasks/] },
  ]);
});

t.test('a manifest of a size that no manifest has is not read', async (t) => {
  const dir = t.testdir({});
  await writeTask(dir, 'huge', { manifest: `# ${'x'.repeat(70_000)}` });
  t.match(await loadAll([dir]), [{ ok: false, problems: [/must have at most 65536 bytes/] }]);
});
