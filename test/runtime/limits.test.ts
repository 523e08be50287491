/** At each limit a run does what it wants; one past it, it does not. */
import t from 'tap';
import { RuntimeError, RUNTIME_BOUNDS, type Limits, type Outcome, type RunResult } from '../../runtime/index.js';
import { builtTask } from './built-task.js';
import { GET, HANDLE, i32s, LOG, NAMES, OPEN, OPENED, PUBLISH, RANDOM, SET, times } from './guest-calls.js';
import { requestOf } from './run-request.js';
import { startRuntime } from './started-runtime.js';
import { taskComponent, type CoreParts } from './wat-component.js';

t.setTimeout(120_000);

const PAGE = 65_536;
const MiB = 1024 * 1024;
const TEXT = PAGE;

const probe = await builtTask('test/fixtures/guests/probe');
const { runtime } = await startRuntime(t, { threads: 1 });
const LIMITS: Limits = { fuel: 1e10, memoryBytes: 64 * PAGE, deadlineMs: 20_000, outputBytes: 16 * MiB, logBytes: MiB };

async function resultOf(parts: CoreParts, limits: Partial<Limits> = {}): Promise<RunResult> {
  const { imports = '', fields = '', body = '', ...rest } = parts;
  const component = await taskComponent({
    memory: 32,
    ...rest,
    imports,
    fields: NAMES + fields,
    body: `(local $i i32) ${body}`,
  });
  const all = { ...LIMITS, ...limits };
  const installed = await runtime.install(component, all);
  const grants = { publish: ['#'], buckets: { default: { id: 'default', access: 'read-write' as const } } };
  const result = await runtime.run(requestOf(probe, installed, { limits: all, grants }));
  runtime.uninstall(installed.key);
  return result;
}

/** Traps unless the result of the last call, at this address, is ok (0) or an error (1). */
const expect = (address: number, result: 0 | 1): string =>
  `(if (i32.ne (i32.load8_u (i32.const ${address})) (i32.const ${result})) (then (unreachable)))`;

/** A key in UTF-16 at 272 that is another each time. */
const NEXT_KEY = '(i32.store16 (i32.const 272) (i32.add (local.get $i) (i32.const 1)))';
/** Letters in UTF-16 from TEXT on: 256 KiB. */
const LETTERS = times(
  PAGE,
  `(i32.store (i32.add (i32.const ${TEXT}) (i32.mul (local.get $i) (i32.const 4))) (i32.const 0x00610061))`,
);

const publish = (topicLength: number): string => `(call $publish ${i32s(TEXT, topicLength, 0, 0, 0, 0, 0, 512)})`;

interface Limit {
  /** What a guest does that goes up to `count`. */
  readonly up: (count: number) => CoreParts;
  readonly at: number;
  /** What becomes of one that goes one past it. */
  readonly past: Partial<Outcome>;
  readonly limits?: Partial<Limits>;
}

const COMPLETED = { kind: 'completed' };
/** The guest sees an error, and says so by this trap. */
const TOLD = { kind: 'trapped', reason: 'unreachable' } as const;

const HELD: Readonly<Record<string, Limit>> = {
  'effects of a run': {
    up: (count) => ({ imports: PUBLISH, body: LETTERS + times(count, publish(1)) }),
    at: RUNTIME_BOUNDS.effects,
    past: { kind: 'output-limit' },
  },
  'keys that a run looks at': {
    up: (count) => ({
      imports: OPEN + GET,
      body: OPENED + times(count, `${NEXT_KEY} (call $get ${HANDLE} ${i32s(272, 1, 600)}) ${expect(600, 0)}`),
    }),
    at: RUNTIME_BOUNDS.reads,
    past: TOLD,
  },
  'characters of those keys': {
    up: (count) => ({
      imports: OPEN + GET,
      body: `${OPENED} ${LETTERS} ${times(512, `(i32.store16 (i32.const ${TEXT}) (local.get $i)) (call $get ${HANDLE} ${i32s(TEXT, 1_023, 600)}) ${expect(600, 0)}`)}
        (call $get ${HANDLE} ${i32s(TEXT + 2, count, 600)}) ${expect(600, 0)}`,
    }),
    at: RUNTIME_BOUNDS.readLength - 512 * 1_023,
    past: TOLD,
  },
  'characters of a key': {
    up: (count) => ({
      imports: OPEN + SET,
      body: `${OPENED} ${LETTERS} (call $set ${HANDLE} ${i32s(TEXT, count, 0, 0, 600)}) ${expect(600, 0)}`,
    }),
    at: RUNTIME_BOUNDS.keyBytes,
    past: TOLD,
  },
  'bytes of a topic': {
    up: (count) => ({ imports: PUBLISH, body: `${LETTERS} ${publish(count)} ${expect(512, 0)}` }),
    at: RUNTIME_BOUNDS.topicBytes,
    past: TOLD,
  },
  'open handles': {
    up: (count) => ({ imports: OPEN, body: times(count, `${OPENED} ${expect(512, 0)}`) }),
    at: RUNTIME_BOUNDS.handles,
    past: TOLD,
  },
  'random bytes in a call': {
    up: (count) => ({
      imports: RANDOM,
      body: `(call $random (i64.const ${count}) (i32.const 600))`,
      realloc: `(i32.const ${TEXT})`,
    }),
    at: RUNTIME_BOUNDS.randomBytes,
    past: { kind: 'trapped', reason: 'abi' },
  },
  'bytes of output': {
    up: (count) => ({ imports: PUBLISH, body: LETTERS + publish(count) }),
    at: 1_000,
    limits: { outputBytes: 1_000 },
    past: { kind: 'output-limit' },
  },
  'pages of memory': {
    up: (count) => ({
      body: `(if (i32.eq (memory.grow (i32.const ${count - 32})) (i32.const -1)) (then (unreachable)))`,
    }),
    at: 64,
    past: { kind: 'out-of-memory' },
  },
  'entries of a table': {
    up: (count) => ({
      fields: '(table $t 0 funcref)',
      body: `(if (i32.eq (table.grow $t (ref.null func) (i32.const ${count})) (i32.const -1)) (then (unreachable)))`,
    }),
    at: (32 * PAGE) / 8,
    past: { kind: 'out-of-memory' },
  },
};

for (const [what, { up, at, past, limits }] of Object.entries(HELD)) {
  t.test(`${what}: ${at} are taken, and one more is not`, async (t) => {
    t.match((await resultOf(up(at), limits)).outcome, COMPLETED);
    const { outcome, effects } = await resultOf(up(at + 1), limits);
    t.match(outcome, past);
    t.strictSame(effects, []);
  });
}

t.test(
  'log lines, and bytes of the log: those past the limit are left out and counted, and the run completes',
  async (t) => {
    const log = (count: number, length: number) =>
      resultOf(
        { imports: LOG, body: LETTERS + times(count, `(call $log ${i32s(0, 0, 0, TEXT, length)})`) },
        { logBytes: 1_000 },
      );
    for (const [count, length, kept] of [
      [RUNTIME_BOUNDS.logLines, 0, RUNTIME_BOUNDS.logLines],
      [RUNTIME_BOUNDS.logLines + 1, 0, RUNTIME_BOUNDS.logLines],
      [10, 100, 10],
      [11, 100, 10],
    ] as const) {
      const result = await log(count, length);
      t.strictSame([result.outcome.kind, result.log.length, result.droppedLogLines], ['completed', kept, count - kept]);
    }
  },
);

t.test('a component of as many bytes as there may be is looked at, and one of a byte more is not', async (t) => {
  const message = (size: number) =>
    runtime.install(new Uint8Array(size), LIMITS).then(
      () => '',
      (error: unknown) => (error instanceof RuntimeError ? error.message : ''),
    );
  t.match(await message(RUNTIME_BOUNDS.componentBytes), /not a WebAssembly component/);
  t.match(await message(RUNTIME_BOUNDS.componentBytes + 1), /67108865 bytes; at most 67108864/);
});
