import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { META_FILE, type Artifact } from '../../../runtime/provision/artifact.js';
import { ArtifactCache } from '../../../runtime/provision/cache.js';
import { sha256, type Provisioned } from '../../../runtime/provision/provision.js';

const MODULE = Buffer.from([0, 1, 2, 3]);
const CALL = { core: 0, name: 'call' };

const artifact: Artifact = {
  key: 'k'.repeat(40),
  digest: 'd',
  instrumentation: '1',
  imports: ['a:b/c@1.0.0'],
  modules: [{ name: 'task.core.wasm', sha256: sha256(MODULE), bytes: MODULE.length }],
  link: {
    steps: [{ module: 'task.core.wasm', imports: [] }],
    lowered: [],
    drops: [],
    globals: [],
    handler: { call: CALL, postReturn: undefined, encoding: 'utf16', memory: CALL, realloc: CALL },
  },
  initialMemoryBytes: 65_536,
  notResettable: undefined,
};
const provisioned: Provisioned = {
  artifact,
  files: new Map([['task.core.wasm', MODULE]]),
};

t.test('what is stored is found, in a later process as well', async (t) => {
  const dir = t.testdir({});
  await new ArtifactCache(dir).store(provisioned);
  const found = await new ArtifactCache(dir).find(artifact.key);
  t.strictSame(found, JSON.parse(JSON.stringify(artifact)));
  t.strictSame(await readFile(join(dir, artifact.key, 'task.core.wasm')), MODULE);
  t.strictSame(await readdir(dir), [artifact.key]);
  t.equal(await new ArtifactCache(dir).find('other'), undefined);
});

t.test('what lies there under a wrong key, or in another shape, is not found', async (t) => {
  const dir = t.testdir({});
  const cache = new ArtifactCache(dir);
  await cache.store(provisioned);
  const whole = await readFile(join(dir, artifact.key, META_FILE), 'utf8');
  const { artifact: meta } = JSON.parse(whole) as { artifact: Record<string, unknown> };
  /** With a digest that fits, so that only the shape can be what is wrong. */
  const file = (changed: unknown): unknown => ({ artifact: changed, sha256: sha256(JSON.stringify(changed)) });
  const shapes: readonly unknown[] = [
    { ...meta, key: 'another' },
    { ...meta, imports: [1] },
    { ...meta, initialMemoryBytes: '65536' },
    { ...meta, modules: [{ name: '../../etc/passwd', sha256: sha256(MODULE), bytes: 4 }] },
    { ...meta, modules: [{ name: 'gone.wasm', sha256: sha256(MODULE), bytes: 4 }] },
    { ...meta, modules: [{ name: 'task.core.wasm', sha256: sha256('another'), bytes: 4 }] },
    { ...meta, link: undefined },
    { ...meta, link: { ...artifact.link, handler: undefined } },
    { ...meta, link: { ...artifact.link, steps: [{ module: 7, imports: [] }] } },
    { ...meta, modules: [null] },
    [],
    null,
  ];
  const damaged = { artifact: { ...meta, initialMemoryBytes: 1 }, sha256: sha256(JSON.stringify(meta)) };
  for (const each of [...shapes.map(file), damaged, meta, [], null, 7]) {
    await writeFile(join(dir, artifact.key, META_FILE), JSON.stringify(each));
    t.equal(await cache.find(artifact.key), undefined, JSON.stringify(each));
  }
  await writeFile(join(dir, artifact.key, META_FILE), JSON.stringify(file(meta)));
  t.ok(await cache.find(artifact.key), 'the same with nothing changed is found');
  await cache.store(provisioned);
  t.ok(await cache.find(artifact.key), 'storing puts it right');
});

t.test('what another left unfinished is no hindrance', async (t) => {
  const dir = t.testdir({});
  await mkdir(join(dir, artifact.key, 'something'), { recursive: true });
  const cache = new ArtifactCache(dir);
  t.equal(await cache.find(artifact.key), undefined);
  await Promise.all([cache.store(provisioned), cache.store(provisioned), cache.store(provisioned)]);
  t.ok(await cache.find(artifact.key));
  t.strictSame(await readdir(dir), [artifact.key]);
});
