/** Deployed tasks on disk: a kill at each step leaves the old version or the new one, whole. */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { KeptTasks } from '../../../hub/deployments/index.js';
import { parseManifest, type Manifest } from '../../../hub/manifest/index.js';
import { testHub, turns } from '../hub-under-test.js';
import { deploy } from './deployer.js';

const toml = (version: number): string =>
  `name = "task"\nversion = "${version}.0.0"\ncomponent = "build/c.wasm"\n[[trigger]]\ntopic = "a"\n`;

function manifestOf(text: string): Manifest {
  const parsed = parseManifest(text, 'task.toml');
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.manifest;
}

async function stage(kept: KeptTasks, version: number): Promise<Awaited<ReturnType<KeptTasks['stage']>>> {
  const component = kept.incoming();
  writeFileSync(component, `component ${version}`);
  return kept.stage(manifestOf(toml(version)), toml(version), component);
}

/** What a hub that starts with a copy of the folder has: manifest and component. */
async function afterKill(t: Test, dir: string): Promise<readonly (readonly [string, string])[]> {
  const copy = t.testdir({});
  cpSync(dir, copy, { recursive: true });
  const { folders } = await KeptTasks.open(copy);
  t.same(readdirSync(join(copy, 'tasks', '.incoming')), [], 'nothing half-made is left');
  return folders.map((folder) => {
    const read = (file: string): string => readFileSync(join(folder, file), 'utf8');
    return [read('task.toml'), read('build/c.wasm')] as const;
  });
}

t.test('each step of keeping and removing a task', async (t) => {
  const dir = t.testdir({});
  mkdirSync(join(dir, 'tasks'));
  writeFileSync(join(dir, 'tasks', 'note.txt'), 'somebody else’s');
  const kept = await KeptTasks.open(dir);
  t.same(kept.folders, []);
  const first = await stage(kept, 1);
  await t.test('staged', async (t) => t.same(await afterKill(t, dir), []));
  await first.keep();
  await t.test('kept', async (t) => t.same(await afterKill(t, dir), [[toml(1), 'component 1']]));
  const second = await stage(kept, 2);
  await t.test('the next is staged', async (t) => t.same(await afterKill(t, dir), [[toml(1), 'component 1']]));
  await second.keep();
  await t.test('the next is kept', async (t) => t.same(await afterKill(t, dir), [[toml(2), 'component 2']]));
  // Killed before what it has replaced was removed.
  mkdirSync(join(dir, 'tasks', 'task', '1'));
  await t.test('both are there', async (t) => t.same(await afterKill(t, dir), [[toml(2), 'component 2']]));
  await (await stage(kept, 3)).discard();
  t.equal(kept.has('task'), true);
  await kept.remove('task');
  t.equal(kept.has('task'), false);
  await t.test('removed', async (t) => t.same(await afterKill(t, dir), []));
});

t.test('what was deployed is there at the next start, and comes before a folder with a task of its name', async (t) => {
  const lines = 'name = "task"\n[[trigger]]\ntopic = "in/a"\n';
  const first = await testHub(t, { tasks: { folder: lines } });
  await deploy(first.hub, lines, 'deployed');
  await first.hub.close();
  const again = await testHub(t, { tasks: { folder: lines }, dir: first.dir });
  t.match(again.hub.tasks, [{ manifest: { version: '2.0.0' }, installed: { key: 'deployed' } }]);
  again.link.deliver('in/a');
  await turns();
  t.match(again.runtime.started, [{ task: 'deployed' }]);
  again.runtime.answer();
  await again.hub.deployments.remove('task', { purge: false });
  await again.hub.close();
  const last = await testHub(t, { tasks: { folder: lines }, dir: first.dir });
  t.match(last.hub.tasks, [{ manifest: { version: '1.0.0' } }], 'removed: the folder is what there is');
  t.equal(existsSync(join(first.dir, 'data', 'tasks', 'task')), false);
});
