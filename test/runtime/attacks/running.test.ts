/** Guests that try to make the host hold, copy or do more than their limits say: they end, and the hub's process hardly grows. */
import t from 'tap';
import { RUNTIME_BOUNDS, type InstalledTask, type Limits } from '../../../runtime/index.js';
import {
  DELETE_MANY,
  forever,
  GET,
  GET_MANY,
  HANDLE,
  i32s,
  KEYS,
  LOG,
  NAMES,
  OPEN,
  OPENED,
  PUBLISH,
  RANDOM,
  SET,
  SET_MANY,
  times,
} from '../guest-calls.js';
import { taskComponent, type CoreParts } from '../wat-component.js';
import { Attacked, attack, isInstalled, MiB } from './attacked.js';
import { costsLittle, DELAY_P99_MS } from './built-case.js';
import type { Ended } from './attacked-host.js';

t.setTimeout(120_000);

/** More than any task gets by default, so that it is the host's bounds that hold. */
const AMPLE: Partial<Limits> = {
  fuel: 1e12,
  deadlineMs: 400,
  memoryBytes: 64 * MiB,
  outputBytes: MiB,
  logBytes: 64 * 1024,
};

/** Where attacks keep what they name: far from the names and results at the front. */
const LIST = 65_536;
const TEXT = 1_048_576;
const ENTRIES = RUNTIME_BOUNDS.listItems;

/** A list at LIST of as many pairs of pointer and length, all the same. */
const sameList = (pairs: readonly (readonly [number, number])[]): string =>
  times(
    ENTRIES,
    pairs
      .map(([pointer, length], at) => {
        const address = `(i32.add (i32.const ${LIST + 8 * at}) (i32.mul (local.get $i) (i32.const ${8 * pairs.length})))`;
        return `(i32.store ${address} (i32.const ${pointer})) (i32.store offset=4 ${address} (i32.const ${length}))`;
      })
      .join(' '),
  );

/** A key that is another each time. */
const NEXT_KEY = '(i32.store (i32.const 272) (i32.add (i32.load (i32.const 272)) (i32.const 65537)))';
/** Fills TEXT with lone surrogates: 4 MiB. */
const SURROGATES = times(
  1_048_576,
  `(i32.store (i32.add (i32.const ${TEXT}) (i32.mul (local.get $i) (i32.const 4))) (i32.const 0xd801d800))`,
);

interface Attack extends CoreParts {
  readonly body: string;
  readonly ends: string;
  readonly holds?: (ended: Ended) => boolean;
  /** Memory that its four runs may have. */
  readonly entitledBytes?: number;
}

const ATTACKS: Readonly<Record<string, Attack>> = {
  'getting a list that names the same 8 MiB many times': {
    imports: GET_MANY,
    body: `${sameList([[TEXT, 4 * MiB]])} (call $getMany ${HANDLE} ${i32s(LIST, ENTRIES, 600)})`,
    ends: 'output-limit',
  },
  'setting a list that names the same 8 MiB many times': {
    imports: SET_MANY,
    body: `${sameList([
      [TEXT, 8],
      [TEXT, 8 * MiB],
    ])} (call $setMany ${HANDLE} ${i32s(LIST, ENTRIES, 600)})`,
    ends: 'output-limit',
  },
  'deleting a list that names the same 8 MiB many times': {
    imports: DELETE_MANY,
    body: `${sameList([[TEXT, 4 * MiB]])} (call $deleteMany ${HANDLE} ${i32s(LIST, ENTRIES, 600)})`,
    ends: 'output-limit',
  },
  'getting as many empty keys as a list may have, for ever': {
    imports: GET_MANY,
    body: `${sameList([[0, 0]])} ${forever(`(call $getMany ${HANDLE} ${i32s(LIST, ENTRIES, 600)})`)}`,
    realloc: `(i32.const ${TEXT})`,
    ends: 'deadline',
  },
  'a list of nearly 2^32 elements': {
    imports: GET_MANY,
    body: `(call $getMany ${HANDLE} ${i32s(LIST, -1, 600)})`,
    ends: 'output-limit',
  },
  'logging 4 MiB of lone surrogates, for ever': {
    imports: LOG,
    body: `${SURROGATES} ${forever(`(call $log ${i32s(0, TEXT, MiB, TEXT, 2 * MiB)})`)}`,
    ends: 'deadline',
    holds: ({ usage }) => usage.logBytes <= 64 * 1024,
  },
  'publishing lone surrogates, for ever': {
    imports: PUBLISH,
    body: `${SURROGATES} ${forever(`(call $publish ${i32s(TEXT, 21_000, 0, 0, 0, 0, 0, 512)})`)}`,
    realloc: '(i32.const 1024)',
    ends: 'output-limit',
  },
  'a flood of log lines': {
    imports: LOG,
    body: forever(`(call $log ${i32s(0, 0, 0, LIST, 100)})`),
    ends: 'deadline',
    holds: ({ droppedLogLines, usage }) => droppedLogLines > 1_000 && usage.logBytes <= 64 * 1024,
  },
  'a flood of empty log lines': {
    imports: LOG,
    body: forever(`(call $log ${i32s(0, 0, 0, 0, 0)})`),
    ends: 'deadline',
    holds: ({ droppedLogLines }) => droppedLogLines > 1_000,
  },
  'a flood of publishes of nothing': {
    imports: PUBLISH,
    body: forever(`(call $publish ${i32s(256, 1, 0, 0, 0, 0, 0, 512)})`),
    ends: 'output-limit',
  },
  'a flood of writes of one key': {
    imports: SET,
    body: forever(`(call $set ${HANDLE} ${i32s(272, 1, 0, 0, 600)})`),
    ends: 'output-limit',
  },
  'a flood of reads of other keys': {
    imports: GET,
    body: forever(`${NEXT_KEY} (call $get ${HANDLE} ${i32s(272, 500, 600)})`),
    ends: 'deadline',
  },
  'opening buckets, for ever': { body: forever(OPENED), ends: 'deadline' },
  'listing keys with cursors that it made up, for ever': {
    imports: KEYS,
    body: forever(`(call $keys ${HANDLE} ${i32s(1)} (i64.const 99000) (i32.const 600))`),
    ends: 'deadline',
  },
  'more random bytes than a call gives': {
    imports: RANDOM,
    body: `(call $random (i64.const ${RUNTIME_BOUNDS.randomBytes + 1}) (i32.const 600))`,
    ends: 'trapped',
  },
  'as many random bytes as a call gives, for ever': {
    imports: RANDOM,
    body: forever(`(call $random (i64.const ${RUNTIME_BOUNDS.randomBytes}) (i32.const 600))`),
    realloc: `(i32.const ${TEXT})`,
    ends: 'deadline',
  },
  'an error of 8 MiB': {
    body: `(i32.store8 (i32.const 0) (i32.const 1)) (i32.store (i32.const 4) (i32.const ${TEXT})) (i32.store (i32.const 8) (i32.const ${4 * MiB}))`,
    ends: 'failed',
    holds: ({ outcome }) => outcome.kind === 'failed' && outcome.message.length <= 4_096,
  },
  'an allocator that asks for more memory each time': {
    imports: KEYS,
    body: forever(`(call $keys ${HANDLE} ${i32s(0)} (i64.const 0) (i32.const 600))`),
    realloc: '(drop (memory.grow (i32.const 1))) (i32.const 1024)',
    ends: 'deadline',
  },
  'all the memory it may have': {
    body: `(drop (memory.grow (i32.const 752))) (memory.fill ${i32s(TEXT, 1, 48 * MiB)})`,
    ends: 'completed',
    entitledBytes: 4 * 63 * MiB,
  },
};

const attacked = await Attacked.start(t);

async function installed(parts: CoreParts): Promise<InstalledTask> {
  const { imports = '', fields = '', body = '', ...rest } = parts;
  const component = await taskComponent({
    memory: 256,
    ...rest,
    imports: imports + OPEN,
    fields: NAMES + fields,
    body: `(local $i i32) ${OPENED} ${body}`,
  });
  const answer = await attacked.install(component, { ...attack({ key: '' } as InstalledTask).limits, ...AMPLE });
  if (!isInstalled(answer)) throw new Error(answer.message);
  return answer;
}

for (const [what, { ends, holds, entitledBytes = 0, ...parts }] of Object.entries(ATTACKS)) {
  t.test(`${what}: ends as ${ends}`, async (t) => {
    const task = await installed(parts);
    await costsLittle(t, attacked, entitledBytes, async () => {
      // On both threads, twice.
      const requests = Array.from({ length: 4 }, () => attack(task, AMPLE));
      for (const ended of await attacked.run(...requests)) {
        t.equal(ended.outcome.kind, ends, JSON.stringify(ended.outcome));
        if (ends !== 'completed') t.equal(ended.effects, 0);
        t.ok(holds?.(ended) ?? true, JSON.stringify({ ...ended, outcome: '' }));
      }
    });
  });
}

t.test('a hundred tasks that take all the memory they may have, at once', async (t) => {
  const tasks: InstalledTask[] = [];
  for (let i = 0; i < 100; i++) {
    tasks.push(
      await installed({
        body: `(drop (memory.grow (i32.const ${700 + (i % 8)}))) (memory.fill ${i32s(TEXT, i, 44 * MiB)})`,
        fields: `(global i32 (i32.const ${i}))`,
      }),
    );
  }
  const { peakBytes: before } = await attacked.measure();
  const results = await attacked.run(...tasks.map((task) => attack(task, { ...AMPLE, deadlineMs: 30_000 })));
  t.ok(results.every(({ outcome }) => outcome.kind === 'completed'));
  const { peakBytes, delayP99Ms } = await attacked.measure();
  const growth = (peakBytes - before) / MiB;
  // One run on each thread has its 60 MiB, and some more are garbage that has not been collected.
  t.ok(growth < 600, `${growth.toFixed(0)} MiB more than before, of the ${100 * 60} that they took`);
  t.ok(delayP99Ms < DELAY_P99_MS, `the event loop is delayed by ${delayP99Ms.toFixed(1)} ms`);
});
