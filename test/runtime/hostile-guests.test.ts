/** Components that break the rules between guest and host, as no compiler would: each costs itself only. */
import t from 'tap';
import { RUNTIME_BOUNDS, type Outcome, type RunResult } from '../../runtime/index.js';
import { HOST_CALL_FUEL } from '../../runtime/provision/meter/costs.js';
import { GET_MANY, SET } from './guest-calls.js';
import { requestOf } from './run-request.js';
import { startRuntime } from './started-runtime.js';
import { builtTask } from './built-task.js';
import { taskComponent, type CoreParts } from './wat-component.js';

t.setTimeout(120_000);

const LOG = '(import "wasi:logging/logging@0.1.0-draft" "log" (func $log (param i32 i32 i32 i32 i32)))';
const PUBLISH =
  '(import "wasmcloud:messaging/consumer@0.2.0" "publish" (func $publish (param i32 i32 i32 i32 i32 i32 i32 i32)))';
const OPEN = '(import "wasi:keyvalue/store@0.2.0-draft" "open" (func $open (param i32 i32 i32)))';
const DROP = '(import "wasi:keyvalue/store@0.2.0-draft" "[resource-drop]bucket" (func $drop (param i32)))';
const EXISTS =
  '(import "wasi:keyvalue/store@0.2.0-draft" "[method]bucket.exists" (func $exists (param i32 i32 i32 i32)))';
const CONFIG = '(import "wasi:config/store@0.2.0-rc.1" "get" (func $config (param i32 i32 i32)))';

const call = (name: string, ...values: readonly number[]): string =>
  `(call $${name} ${values.map((value) => `(i32.const ${value})`).join(' ')})`;

/** "default" in UTF-16 at 256, and its handle at 516 once it was opened with the result at 512. */
const NAME = '(data (i32.const 256) "d\\00e\\00f\\00a\\00u\\00l\\00t\\00")';
const OPENED = call('open', 256, 7, 512);
const HANDLE = '(i32.load (i32.const 516))';

const BROKEN: readonly (readonly [string, CoreParts, Partial<Outcome>?])[] = [
  ['a text beyond the end of memory', { imports: LOG, body: call('log', 0, 0, 0, 65_534, 2) }],
  ['a text at an odd address', { imports: LOG, body: call('log', 0, 1, 2, 0, 0) }],
  ['a text of 4 GiB', { imports: LOG, body: call('log', 0, 0, 0, 0, -1) }],
  ['a level that does not exist', { imports: LOG, body: call('log', 6, 0, 0, 0, 0) }],
  ['a payload beyond the end of memory', { imports: PUBLISH, body: call('publish', 256, 1, 65_530, 7, 0, 0, 0, 512) }],
  ['an option that is neither', { imports: PUBLISH, body: call('publish', 256, 1, 0, 0, 2, 0, 0, 512) }],
  ['a result beyond the end of memory', { imports: OPEN, fields: NAME, body: call('open', 256, 7, 65_534) }],
  ['a result at an odd address', { imports: OPEN, fields: NAME, body: call('open', 256, 7, 513) }],
  ['a handle that was never given', { imports: EXISTS, body: call('exists', 7, 0, 0, 512) }],
  ['the handle 0', { imports: EXISTS, body: call('exists', 0, 0, 0, 512) }],
  [
    'a handle that was dropped',
    {
      imports: OPEN + DROP + EXISTS,
      fields: NAME,
      body: `${OPENED} (call $drop ${HANDLE}) (call $exists ${HANDLE} (i32.const 0) (i32.const 0) (i32.const 520))`,
    },
  ],
  [
    'a handle dropped twice',
    { imports: OPEN + DROP, fields: NAME, body: `${OPENED} (call $drop ${HANDLE}) (call $drop ${HANDLE})` },
  ],
  ['an answer that is neither ok nor error', { body: '(i32.store8 (i32.const 0) (i32.const 2))' }],
  ['an answer beyond the end of memory', { body: '(return (i32.const 65528))' }],
  ['an answer at an odd address', { body: '(return (i32.const 2))' }],
  [
    'an error whose text lies beyond the end',
    {
      body: '(i32.store8 (i32.const 0) (i32.const 1)) (i32.store (i32.const 4) (i32.const 65534)) (i32.store (i32.const 8) (i32.const 9))',
    },
  ],
];

const probe = await builtTask('test/fixtures/guests/probe');
const { runtime, install } = await startRuntime(t, { threads: 1 });
const good = await install(probe);
const goodRun = () => good({ captures: { what: 'capture', room: 'x' }, payload: 'room' });
const before = await goodRun();

async function resultOf(parts: CoreParts): Promise<RunResult> {
  const installed = await runtime.install(await taskComponent(parts), probe.manifest.limits);
  const result = await runtime.run(requestOf(probe, installed, { topic: 'a', payload: 'b' }));
  runtime.uninstall(installed.key);
  return result;
}

/** How a run of it ends; it has no effects however it does. */
async function outcomeOf(parts: CoreParts): Promise<Outcome> {
  const { outcome, effects } = await resultOf(parts);
  if (effects.length > 0) throw new Error(`${outcome.kind} with ${effects.length} effects`);
  return outcome;
}

t.test('what breaks the canonical ABI is trapped as that, and its neighbour is as before', async (t) => {
  t.strictSame(await outcomeOf({}), { kind: 'completed' }, 'one that keeps the rules completes');
  for (const [what, parts] of BROKEN) {
    t.match(await outcomeOf(parts), { kind: 'trapped', reason: 'abi' }, what);
    const after = await goodRun();
    t.strictSame([after.effects, after.usage.fuel], [before.effects, before.usage.fuel]);
  }
});

t.test('an allocator that answers with nonsense costs itself only', async (t) => {
  for (const [what, pointer] of [
    ['beyond the end', '(i32.const 65535)'],
    ['beyond 2 GiB', '(i32.const -16)'],
    ['not aligned', '(i32.const 1025)'],
  ] as const) {
    t.match(await outcomeOf({ realloc: pointer }), { kind: 'trapped', reason: 'abi' }, what);
  }
  t.match(await outcomeOf({ realloc: '(unreachable)' }), { kind: 'trapped', reason: 'unreachable' });
  t.match(
    await outcomeOf({ realloc: '(loop (br 0)) (unreachable)' }),
    { kind: 'out-of-fuel' },
    'it takes the run’s fuel',
  );
});

t.test('a guest may not call the host while it allocates for it', async (t) => {
  const logging = call('log', 0, 0, 0, 0, 0);
  const forEvent = { imports: LOG, realloc: `${logging} (i32.const 1024)` };
  t.match(await outcomeOf(forEvent), { kind: 'trapped', reason: 'abi' }, 'for the event');
  // The first two allocations are the event's; those after it hold what a call answers with.
  const forAnswer = {
    imports: LOG + CONFIG,
    fields: '(global $calls (mut i32) (i32.const 0)) (data (i32.const 256) "t\\00a\\00r\\00g\\00e\\00t\\00")',
    realloc: `(global.set $calls (i32.add (global.get $calls) (i32.const 1)))
      (if (i32.gt_u (global.get $calls) (i32.const 2)) (then ${logging}))
      (i32.const 1024)`,
    body: call('config', 256, 6, 512),
  };
  t.match(await outcomeOf(forAnswer), { kind: 'trapped', reason: 'abi' }, 'for an answer');
});

const IN = '(import "wasi:cli/stdin@0.2.0" "get-stdin" (func $in (result i32)))';
const SUBSCRIBE =
  '(import "wasi:io/streams@0.2.0" "[method]input-stream.subscribe" (func $subscribe (param i32) (result i32)))';
const POLL = '(import "wasi:io/poll@0.2.0" "poll" (func $poll (param i32 i32 i32)))';
const RESOLUTION = '(import "wasi:clocks/monotonic-clock@0.2.0" "resolution" (func $resolution (result i64)))';
/** So many pollables, each the handle that is at address 0. */
const polling = (count: number): CoreParts => ({
  memory: 4,
  imports: IN + SUBSCRIBE + POLL,
  fields: `(func $many (local $i i32) (i32.store (i32.const 65536) (call $subscribe (call $in)))
    (loop $next (i32.store offset=65536 (local.get $i) (i32.load (i32.const 65536)))
      (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 100000)))))`,
  body: `(call $many) ${call('poll', 65_536, count, 512)}`,
  realloc: '(i32.const 196608)',
});

t.test('a list of more items than a run can use ends it before they are made', async (t) => {
  t.strictSame(await outcomeOf(polling(RUNTIME_BOUNDS.listItems)), { kind: 'completed' });
  t.match(await outcomeOf(polling(RUNTIME_BOUNDS.listItems + 1)), { kind: 'output-limit', message: /list of 4097/ });
});

t.test('an answer that would take more than all memory is not copied over and over', async (t) => {
  const parts = {
    imports: OPEN + SET + GET_MANY,
    fields: `${NAME} (func $keys (local $i i32) (loop $next
      (i32.store offset=2048 (local.get $i) (i32.const 256)) (i32.store offset=2052 (local.get $i) (i32.const 1))
      (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 800)))))`,
    realloc: '(i32.const 4096)',
  };
  const setAndGet = (count: number): string => `${OPENED} (call $keys)
    (call $set ${HANDLE} ${[256, 1, 8_192, 10_000, 600].map((value) => `(i32.const ${value})`).join(' ')})
    (call $getMany ${HANDLE} (i32.const 2048) (i32.const ${count}) (i32.const 600))`;
  t.strictSame((await resultOf({ ...parts, body: setAndGet(5) })).outcome, { kind: 'completed' });
  t.match(await outcomeOf({ ...parts, body: setAndGet(100) }), { kind: 'trapped', reason: 'abi', message: /twice/ });
});

t.test('what a guest is denied is told in so many characters, however long its name for it is', async (t) => {
  const outcome = await outcomeOf({ imports: OPEN, body: call('open', 2048, 20_000, 512) });
  t.equal(outcome.kind, 'denied');
  t.ok('message' in outcome && outcome.message.length <= RUNTIME_BOUNDS.messageLength + 1);
});

t.test('a call that tells nothing new costs what any call does', async (t) => {
  const { usage } = await resultOf({ imports: RESOLUTION, body: '(drop (call $resolution))' });
  t.ok(usage.fuel > HOST_CALL_FUEL);
});
