/** Which versions a hub takes up again, of which runs go on. */
import t from 'tap';
import { earlierVersions, type EarlierVersionsParts } from '../../../hub/deployments/earlier-versions.js';
import { DEPLOYMENT_BOUNDS } from '../../../hub/deployments/limits.js';
import { parseManifest } from '../../../hub/manifest/index.js';
import { fitsOf } from '../../../hub/parking/index.js';
import type { DeployedTask } from '../../../hub/registry/index.js';
import type { StoredMove } from '../../../hub/store/index.js';

/** Its digest is its component, as text. */
function taskOf(digest: string, version: string, policy = 'finish-on-old'): DeployedTask {
  const toml = `name = "long"\nversion = "${version}"\nresumable = true\n[[trigger]]\ntopic = "a"
[checkpoint]\nonNewVersion = "${policy}"\n`;
  const parsed = parseManifest(toml, '');
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return { manifest: parsed.manifest, installed: installedOf(digest), toml };
}

function installedOf(digest: string): DeployedTask['installed'] {
  return { key: `key of ${digest}`, digest, imports: [], initialMemoryBytes: 1, startFuel: 0, resumable: 'code' };
}

function moveOf(task: DeployedTask, change: Partial<StoredMove> = {}): StoredMove {
  const { installed, toml } = task;
  const version = { digest: installed.digest, toml };
  const nowhere = { place: { group: 1, run: 0 }, attempt: 1, id: 'i', provider: 'p', stub: '{}' };
  return { ...nowhere, fits: fitsOf(task), version, anchor: undefined, difference: undefined, ...change };
}

/** What is taken up, and what was let go of, with this version in force. */
async function taken(
  moves: readonly StoredMove[],
  inForce: DeployedTask | undefined,
  kept: readonly string[] = ['old', 'new'],
): Promise<{ readonly versions: readonly string[]; readonly gone: readonly string[]; readonly told: unknown[] }> {
  const [gone, told]: [string[], unknown[]] = [[], []];
  const parts: EarlierVersionsParts = {
    begun: moves,
    registry: { get: () => inForce, tasks: inForce === undefined ? [] : [inForce] },
    runtime: {
      install: (component) => Promise.resolve(installedOf(Buffer.from(component).toString())),
      uninstall: (key) => void gone.push(key),
    },
    components: { find: (digest) => Promise.resolve(kept.includes(digest) ? Buffer.from(digest) : undefined) },
    log: { warn: (what: unknown) => void told.push(what) },
  };
  const found = await earlierVersions(parts);
  return { versions: [...found.values()].map(({ manifest }) => manifest.version), gone, told };
}

const old = taskOf('old', '1.0.0');

t.test('a version of which a run goes on is taken up, once, where it is not in force', async (t) => {
  t.match(await taken([moveOf(old), moveOf(old)], taskOf('new', '2.0.0')), { versions: ['1.0.0'], gone: [], told: [] });
  t.match(await taken([moveOf(old)], undefined), { versions: ['1.0.0'] }, 'its task was removed');
  t.match(await taken([moveOf(old)], old), { versions: [], told: [] }, 'it is in force');
});

t.test('of many versions the first ones are taken up', async (t) => {
  const many = Array.from({ length: DEPLOYMENT_BOUNDS.earlierVersions + 1 }, (_, i) => taskOf('old', `1.0.${i}`));
  const { versions, told } = await taken(
    many.map((task) => moveOf(task)),
    taskOf('new', '2.0.0'),
  );
  t.strictSame(
    versions,
    many.slice(0, DEPLOYMENT_BOUNDS.earlierVersions).map(({ manifest }) => manifest.version),
  );
  t.match(told, [{ versions: DEPLOYMENT_BOUNDS.earlierVersions }]);
});

t.test('the version in force says what becomes of runs of others', async (t) => {
  for (const policy of ['cancel', 'restart-on-new']) {
    t.match(await taken([moveOf(old)], taskOf('new', '2.0.0', policy)), { versions: [], told: [] }, policy);
  }
});

t.test('what is not what the run was given is not taken up, and is told', async (t) => {
  const now = taskOf('new', '2.0.0');
  const otherwise = [moveOf(old, { fits: 'f' })];
  t.match(await taken(otherwise, now), {
    versions: [],
    gone: ['key of old'],
    told: [{ reason: /prepared otherwise/ }],
  });
  t.match(await taken(otherwise, taskOf('old', '2.0.0')), { versions: [], gone: [] }, 'the task in force has it');
  t.match(await taken([moveOf(old)], now, []), { versions: [], told: [{ reason: /"?old"? is not kept any more/ }] });
  t.match(await taken([moveOf(old, { version: undefined })], now), { versions: [] }, 'nobody has kept it');
  const broken = { digest: 'old', toml: 'name = ' };
  t.match(await taken([moveOf(old, { version: broken })], now), {
    told: [{ reason: 'its task.toml is none any more' }],
  });
});
