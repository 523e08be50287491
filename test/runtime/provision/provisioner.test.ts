/** Components are prepared in processes that are bounded in time, memory and number. */
import { getPriority } from 'node:os';
import { readdir } from 'node:fs/promises';
import t from 'tap';
import { RUNTIME_BOUNDS } from '../../../runtime/index.js';
import { Provisioner } from '../../../runtime/provision/provisioner.js';
import { plain, STORE } from '../attacks/code.js';
import { around, coreModule, repeated } from '../attacks/core-module.js';
import { until, within } from '../eventually.js';
import { taskComponent } from '../wat-component.js';

t.setTimeout(120_000);

const MiB = 1024 * 1024;
const LIMIT = { memoryBytes: MiB };
const AMPLE = { cpuMs: 60_000, wallMs: 60_000, residentBytes: 4_096 * MiB };

/** Only Linux says what another process uses. */
const skip = process.platform === 'linux' ? false : 'processes can be watched on Linux only';

/** Takes some hundred milliseconds. */
const large = await around(coreModule({ functions: Array.from({ length: 3_000 }, () => plain(repeated(200, STORE))) }));
const small = (n: number) => taskComponent({ fields: `(global i32 (i32.const ${n}))` });

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

for (const [what, bounds, message] of [
  [
    'processor time',
    { ...AMPLE, cpuMs: 100 },
    /^Preparing the component [0-9a-f]{12} \(\d+ bytes\) took more than 0\.1 s of processor time$/,
  ],
  ['time', { ...AMPLE, wallMs: 100 }, /^Preparing the component [0-9a-f]{12} .* took longer than 0\.1 s$/],
  [
    'memory',
    { ...AMPLE, residentBytes: 60 * MiB },
    /^Preparing the component [0-9a-f]{12} .* needs more than 60 MiB of memory$/,
  ],
] as const) {
  t.test(
    `one that takes more ${what} than it may is refused by name and bound, and its process is gone`,
    { skip },
    async (t) => {
      const dir = t.testdir({});
      const provisioner = new Provisioner(dir, () => bounds);
      t.teardown(() => provisioner.close());
      const refused = provisioner.prepare(large, LIMIT);
      await until('a process works on it', 10_000, () => provisioner.pids.length === 1);
      const [pid = 0] = provisioner.pids;
      await t.rejects(within('the refusal', 10_000, refused), { code: 'provision-bound', message });
      await until('the process is gone', 5_000, () => !isAlive(pid));
      t.strictSame(provisioner.pids, []);
      t.strictSame(await readdir(dir), [], 'nothing is left of it');
    },
  );
}

t.test('a process that dies costs the component it had, which is named, and the next is prepared', async (t) => {
  const provisioner = new Provisioner(t.testdir({}), () => AMPLE);
  t.teardown(() => provisioner.close());
  const refused = provisioner.prepare(large, LIMIT);
  await until('a process works on it', 10_000, () => provisioner.pids.length === 1);
  process.kill(provisioner.pids[0] ?? 0, 'SIGKILL');
  await t.rejects(refused, {
    code: 'provision-bound',
    message: /prepared the component [0-9a-f]{12} .* died of SIGKILL/,
  });
  t.ok(await provisioner.prepare(await small(1), LIMIT));
});

t.test('one process prepares some components, yields to others, and is thrown away after a refusal', async (t) => {
  const provisioner = new Provisioner(t.testdir({}), () => AMPLE);
  t.teardown(() => provisioner.close());
  // Made before: a process that waits for long ends.
  const components = await Promise.all(Array.from({ length: RUNTIME_BOUNDS.provisionsPerProcess }, (_, n) => small(n)));
  const [one = new Uint8Array(), ...others] = components;
  await provisioner.prepare(one, LIMIT);
  const [first = 0] = provisioner.pids;
  t.ok(getPriority(first) > getPriority(), 'it comes after what events need');
  for (const other of others) {
    t.strictSame(provisioner.pids, [first]);
    await provisioner.prepare(other, LIMIT);
  }
  t.strictSame(provisioner.pids, [], 'it has prepared as many as it may');
  await provisioner.prepare(await small(100), LIMIT);
  const [second = 0] = provisioner.pids;
  t.not(second, first);
  await t.rejects(provisioner.prepare(new Uint8Array(100), LIMIT), { code: 'component-invalid' });
  t.strictSame(provisioner.pids, []);
  await until('both have ended', 5_000, () => !isAlive(first) && !isAlive(second));
});

t.test('at most so many are prepared at a time, and the others wait', async (t) => {
  const provisioner = new Provisioner(t.testdir({}), () => AMPLE);
  t.teardown(() => provisioner.close());
  const components = await Promise.all(Array.from({ length: 6 }, (_, n) => small(n)));
  let most = 0;
  const all = Promise.all(
    components.map(async (component) => {
      await provisioner.prepare(component, LIMIT);
      most = Math.max(most, provisioner.pids.length);
    }),
  );
  await until('some are at work', 10_000, () => provisioner.pids.length === RUNTIME_BOUNDS.provisionProcesses);
  await within('all of them', 30_000, all);
  t.equal(most, RUNTIME_BOUNDS.provisionProcesses);
});

t.test('a process that nobody needs any more ends, and so does one that is at work when all is closed', async (t) => {
  const provisioner = new Provisioner(t.testdir({}), () => AMPLE);
  await provisioner.prepare(await small(1), LIMIT);
  const [idle = 0] = provisioner.pids;
  await until('the idle one has ended', RUNTIME_BOUNDS.provisionIdleMs + 5_000, () => !isAlive(idle));
  const working = provisioner.prepare(large, LIMIT);
  await until('one is at work', 10_000, () => provisioner.pids.length === 1);
  const [pid = 0] = provisioner.pids;
  provisioner.close();
  await t.rejects(working, { code: 'closed' });
  await until('it has ended', 5_000, () => !isAlive(pid));
});
