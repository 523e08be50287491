/** Checkpoints that were forged: refused where that can be seen, and within the run's bounds where it cannot. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { t } from 'tap';
import {
  createRuntime,
  decodeCheckpoint,
  DEFAULT_LIMITS,
  encodeCheckpoint,
  type Checkpoint,
  type InstalledTask,
  type Runtime,
} from '../../../runtime/index.js';
import { PUBLISH, times } from '../guest-calls.js';
import { Random } from '../provision/fuzz/random.js';
import { requestOf } from '../run-request.js';
import { taskComponent } from '../wat-component.js';

t.setTimeout(55_000);

const PAGE_BYTES = 65_536;
const LIMITS = { ...DEFAULT_LIMITS, memoryBytes: 4 * PAGE_BYTES, fuel: 400_000_000, deadlineMs: 20_000 };
const MANIFEST = {
  limits: LIMITS,
  grants: { publish: ['out'], buckets: { default: { id: 'b', access: 'read' } } },
  config: {},
  subjects: 'verbatim',
} as const;

/** Works in a function of its own, which calls others, for some 30 million of fuel, and publishes what it came to. */
const WORKING = {
  imports: PUBLISH,
  fields: `(data (i32.const 32) "o\\00u\\00t\\00") (global $sum (mut i64) (i64.const 1))
    (func $step (param $n i32) (global.set $sum
      (i64.add (i64.mul (global.get $sum) (i64.const 31)) (i64.extend_i32_u (local.get $n)))))
    (func $work (local $i i32) ${times(1_500_000, '(call $step (local.get $i))')})`,
  body: `(call $work) (i64.store (i32.const 64) (global.get $sum))
    (call $publish (i32.const 32) (i32.const 3) (i32.const 64) (i32.const 8) (i32.const 0) (i32.const 0) (i32.const 0)
      (i32.const 128))
    (i64.store (i32.const 0) (i64.const 0))`,
};

const cacheDir = await mkdtemp(join(tmpdir(), 'sterna-cache-'));
const runtime: Runtime = await createRuntime({ threads: 1, cacheDir });
t.teardown(async () => {
  await runtime.close();
  await rm(cacheDir, { recursive: true });
});
const task: InstalledTask = await runtime.install(await taskComponent(WORKING), LIMITS, { resumable: 'all' });
const request = requestOf({ manifest: MANIFEST as never }, task);
const whole = await runtime.run(request);
const honest = decodeCheckpoint((await runtime.begin(request).suspend()) ?? new Uint8Array());

type Guest = Partial<Checkpoint['guest']>;
type Collected = Partial<Checkpoint['collected']>;

const guest = (changes: Guest): Checkpoint => ({ ...honest, guest: { ...honest.guest, ...changes } });
const collected = (changes: Collected): Checkpoint => ({
  ...honest,
  collected: { ...honest.collected, ...changes },
});
const publishing = (topic: string): Collected => {
  const payload = new Uint8Array(2);
  return {
    effects: [{ kind: 'publish', topic, payload, qos: 0, retain: false }],
    outputBytes: topic.length + payload.length,
  };
};
const length = (pages: number): Guest => ({ memories: [{ length: pages * PAGE_BYTES, pages: [] }] });

const REFUSED: Readonly<Record<string, readonly [Checkpoint, RegExp]>> = {
  'a memory too many': [
    guest({ memories: [...honest.guest.memories, ...honest.guest.memories] }),
    /the component has 1 memories: the checkpoint has 2/,
  ],
  'a memory that is shorter than it begins': [guest(length(0)), /memory 0 has from 65536 to 262144 bytes: not 0/],
  'a memory that is longer than it may be': [
    { ...guest(length(5)), request: { ...honest.request, limits: { ...LIMITS, memoryBytes: 5 * PAGE_BYTES } } },
    /memory 0 has from 65536 to 262144 bytes: not 327680/,
  ],
  'memory beyond the limit that it says itself': [
    { ...guest(length(3)), request: { ...honest.request, limits: { ...LIMITS, memoryBytes: 2 * PAGE_BYTES } } },
    /a memory cannot have 196608 bytes: 131072 are left of its limit/,
  ],
  'a module too few': [guest({ globals: [] }), /the component has \d+ modules: the checkpoint has 0/],
  'a global too few': [
    guest({ globals: honest.guest.globals.map((words) => words.slice(1)) }),
    /the component has \d+ words of globals in module 0: the checkpoint has \d+/,
  ],
  'a global that has more bits than its type': [
    guest({ globals: honest.guest.globals.map((words) => words.map(() => 2n ** 32n)) }),
    /word \d+ of the globals of module 0 has more than 32 bits/,
  ],
  'globals that belong to no module': [guest({ shared: [1] }), /0 globals that modules share: the checkpoint has 1/],
  'memory of a run that has not begun': [
    guest({ frames: new Uint8Array() }),
    /a run without frames has not begun: it can have neither memories nor globals/,
  ],
  'half a frame': [guest({ frames: honest.guest.frames.subarray(1) }), /frames have from 4 to \d+ bytes/],
  'more frames than there is room for': [guest({ frames: new Uint8Array(8 * 1024 * 1024) }), /frames have from 4 to/],
  'more handles than can be held': [guest({ handles: { size: 66, free: [] } }), /from 1 to 65 places: not 66/],
  'more fuel than its limit': [
    { ...honest, used: { ...honest.used, fuel: LIMITS.fuel + 1 } },
    /it has used 400000001 fuel, more than its limit of 400000000/,
  ],
  'an effect that it was not granted': [
    collected(publishing('alarm')),
    /it publishes to "alarm", which is not granted/,
  ],
  'an effect that the broker keeps to itself': [collected(publishing('$SYS')), /it publishes to "\$SYS"/],
  'a write to a bucket that it may read': [
    collected({ effects: [{ kind: 'delete', bucket: 'b', key: 'k' }], outputBytes: 1 }),
    /it writes to "b", which is not granted/,
  ],
  'effects that it says are smaller': [
    collected({ ...publishing('out'), outputBytes: 0 }),
    /its effects have 5 bytes, and not 0 as it says/,
  ],
  'keys of a bucket that it was not granted': [
    collected({ listed: [{ bucket: 'secrets', version: 1 }] }),
    /it has read "secrets", which is not granted/,
  ],
  'lines that it says are shorter': [
    collected({ log: [{ level: 'info', context: '', message: 'line' }] }),
    /its log has 4 bytes, and not 0 as it says/,
  ],
};

t.test('a checkpoint that no run of the task can have left is refused, with what is wrong', (t) => {
  for (const [what, [checkpoint, message]] of Object.entries(REFUSED)) {
    const resume = (): unknown => runtime.resume(encodeCheckpoint(checkpoint), task.key);
    t.throws(resume, { code: 'checkpoint-refused', message }, what);
  }
  t.end();
});

t.test('an honest one goes on', async (t) => {
  const end = await runtime.resume(encodeCheckpoint(honest), task.key).end;
  t.match(end, { kind: 'ended', result: { outcome: { kind: 'completed' }, effects: whole.effects } });
});

t.test('no global that is forged gives a run fuel that is not counted', async (t) => {
  for (const [module, words] of honest.guest.globals.entries()) {
    for (const i of words.keys()) {
      const globals = honest.guest.globals.map((each, m) => (m === module ? each.with(i, 0x7fff_ffffn) : each));
      const end = await runtime.resume(encodeCheckpoint(guest({ globals })), task.key).end;
      if (end.kind !== 'ended') throw new Error('nobody asked it to stop');
      t.equal(end.result.outcome.kind, 'completed');
      t.equal(end.result.usage.fuel, whole.usage.fuel, `word ${i}`);
    }
  }
});

t.test('whatever the frames are, the run ends as one, and the next is as before', async (t) => {
  const random = new Random(5);
  const kinds = new Map<string, number>();
  for (let i = 0; i < 300; i++) {
    const frames = honest.guest.frames.slice();
    for (let n = 1 + random.below(4); n > 0; n--) frames[random.below(frames.length)] = random.below(256);
    const cut = random.once(4) ? frames.subarray(0, 4 * (1 + random.below(frames.length / 4))) : frames;
    const end = await runtime.resume(encodeCheckpoint(guest({ frames: cut })), task.key).end;
    if (end.kind !== 'ended') throw new Error('nobody asked it to stop');
    const { outcome, usage } = end.result;
    t.ok(usage.fuel <= LIMITS.fuel && usage.fuel >= honest.used.fuel, `${usage.fuel} fuel`);
    kinds.set(outcome.kind, (kinds.get(outcome.kind) ?? 0) + 1);
  }
  t.comment(JSON.stringify([...kinds]));
  t.ok((kinds.get('trapped') ?? 0) > 0);
  const after = await runtime.run(request);
  t.strictSame([after.effects, after.usage.fuel], [whole.effects, whole.usage.fuel]);
});
