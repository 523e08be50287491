/** What guests' standard libraries find: no files, no environment, nothing to wait for, and a log to write to. */
import t from 'tap';
import { RUNTIME_BOUNDS, type RunResult } from '../../runtime/index.js';
import { requestOf } from './run-request.js';
import { startRuntime } from './started-runtime.js';
import { builtTask } from './built-task.js';
import { taskComponent, type CoreParts } from './wat-component.js';

t.setTimeout(120_000);

const from = (name: string, version = '0.2.0') => `"wasi:${name}@${version}"`;
const func = (module: string, name: string, id: string, type: string): string =>
  `(import ${module} "${name}" (func $${id} ${type}))`;

const STDIN = func(from('cli/stdin'), 'get-stdin', 'stdin', '(result i32)');
const STDOUT = func(from('cli/stdout'), 'get-stdout', 'stdout', '(result i32)');
const STDERR = func(from('cli/stderr'), 'get-stderr', 'stderr', '(result i32)');
const streams = (name: string, id: string, type: string) => func(from('io/streams'), name, id, type);
const WRITE = streams('[method]output-stream.write', 'write', '(param i32 i32 i32 i32)');
const READ = streams('[method]input-stream.read', 'read', '(param i32 i64 i32)');
const SUBSCRIBE_IN = streams('[method]input-stream.subscribe', 'subscribe-in', '(param i32) (result i32)');
const SUBSCRIBE_OUT = streams('[method]output-stream.subscribe', 'subscribe-out', '(param i32) (result i32)');
const DROP_OUT = streams('[resource-drop]output-stream', 'drop-out', '(param i32)');
const READY = func(from('io/poll'), '[method]pollable.ready', 'ready', '(param i32) (result i32)');
const BLOCK = func(from('io/poll'), '[method]pollable.block', 'block', '(param i32)');
const POLL = func(from('io/poll'), 'poll', 'poll', '(param i32 i32 i32)');
const EXIT = func(from('cli/exit'), 'exit', 'exit', '(param i32)');
const EXIT_CODE = func(from('cli/exit'), 'exit-with-code', 'exit-code', '(param i32)');
const WAIT = func(from('clocks/monotonic-clock'), 'subscribe-duration', 'wait', '(param i64) (result i32)');

const text = (at: number, value: string) =>
  `(data (i32.const ${at}) ${JSON.stringify(value).replaceAll('\\n', '\\0a')})`;
const put = (id: string, at: number, length: number) =>
  `(call $write (call $${id}) (i32.const ${at}) (i32.const ${length}) (i32.const 900))`;
/** Traps unless it holds. */
const check = (condition: string): string => `(if (i32.eqz ${condition}) (then (unreachable)))`;
const byte = (at: number) => `(i32.load8_u (i32.const ${at}))`;

const { runtime } = await startRuntime(t, { threads: 1 });
const { manifest } = await builtTask('guest-tasks/thermostat');
const limits = { ...manifest.limits, logBytes: 200 };
const task = { manifest: { ...manifest, limits }, component: new Uint8Array() };

async function run(parts: CoreParts): Promise<RunResult> {
  const installed = await runtime.install(await taskComponent(parts), limits);
  const result = await runtime.run(requestOf(task, installed, { topic: 'a', payload: 'b' }));
  runtime.uninstall(installed.key);
  return result;
}

t.test('standard output and error are lines of the log, a last one without its newline, too', async (t) => {
  const { outcome, log, droppedLogLines } = await run({
    imports: STDOUT + STDERR + WRITE,
    fields: text(256, 'one\ntw') + text(272, 'o\nthree') + text(300, 'oops\n'),
    body: put('stdout', 256, 6) + put('stderr', 300, 5) + put('stdout', 272, 7),
  });
  t.strictSame(outcome, { kind: 'completed' });
  t.strictSame(log, [
    { level: 'info', context: 'stdout', message: 'one' },
    { level: 'warn', context: 'stderr', message: 'oops' },
    { level: 'info', context: 'stdout', message: 'two' },
    { level: 'info', context: 'stdout', message: 'three' },
  ]);
  t.equal(droppedLogLines, 0);
});

t.test('they are bounded by the log limit, a line for itself and all together', async (t) => {
  const long = await run({
    imports: STDOUT + WRITE,
    fields: text(2_048, 'x'.repeat(400)),
    body: put('stdout', 2_048, 400) + put('stdout', 2_048, 400),
  });
  t.strictSame(long.outcome, { kind: 'completed' });
  t.equal(long.log.length, 1);
  t.match(long.log[0]?.message, /^x{100,200}…$/);
  const many = await run({
    imports: STDOUT + WRITE,
    fields: text(2_048, 'x\n'.repeat(200)),
    body: put('stdout', 2_048, 400),
  });
  t.equal(many.log.length + many.droppedLogLines, 200);
  t.ok(many.droppedLogLines > 100);
  t.ok(many.usage.fuel > 200 * 2_000, 'each line costs as much as a call that logs one');
});

t.test('a write of more than a stream takes at once is a trap', async (t) => {
  const writing = (bytes: number): Promise<RunResult> =>
    run({ memory: 3, imports: STDOUT + WRITE, body: put('stdout', 1_024, bytes) });
  t.strictSame((await writing(RUNTIME_BOUNDS.writeBytes)).outcome, { kind: 'completed' });
  t.match((await writing(RUNTIME_BOUNDS.writeBytes + 1)).outcome, { kind: 'trapped', reason: 'abi' });
});

t.test('standard input is closed', async (t) => {
  const { outcome } = await run({
    imports: STDIN + READ,
    body: `(call $read (call $stdin) (i64.const 10) (i32.const 512))
      ${check(`(i32.eq ${byte(512)} (i32.const 1))`)} ${check(`(i32.eq ${byte(516)} (i32.const 1))`)}`,
  });
  t.strictSame(outcome, { kind: 'completed' });
});

t.test('what could be waited for is ready at once', async (t) => {
  const { outcome } = await run({
    imports: STDIN + STDOUT + SUBSCRIBE_IN + SUBSCRIBE_OUT + READY + BLOCK + POLL,
    fields: '(global $in (mut i32) (i32.const 0)) (global $out (mut i32) (i32.const 0))',
    body: `(global.set $in (call $subscribe-in (call $stdin))) (global.set $out (call $subscribe-out (call $stdout)))
      ${check('(call $ready (global.get $in))')} (call $block (global.get $out))
      (i32.store (i32.const 256) (global.get $in)) (i32.store (i32.const 260) (global.get $out))
      (call $poll (i32.const 256) (i32.const 2) (i32.const 512))
      ${check('(i32.eq (i32.load (i32.const 516)) (i32.const 2))')}
      ${check('(i32.eqz (i32.load (i32.load (i32.const 512))))')}
      ${check('(i32.eq (i32.load offset=4 (i32.load (i32.const 512))) (i32.const 1))')}`,
  });
  t.strictSame(outcome, { kind: 'completed' });
  const none = await run({ imports: POLL, body: '(call $poll (i32.const 256) (i32.const 0) (i32.const 512))' });
  t.match(none.outcome, { kind: 'trapped', reason: 'abi' }, 'nothing to wait for would be for ever');
});

t.test('a handle is not taken for what it is not, though methods are called the same', async (t) => {
  const confused: readonly (readonly [string, CoreParts])[] = [
    ['an output as an input', { imports: STDOUT + SUBSCRIBE_IN, body: '(drop (call $subscribe-in (call $stdout)))' }],
    ['an input as an output', { imports: STDIN + SUBSCRIBE_OUT, body: '(drop (call $subscribe-out (call $stdin)))' }],
    ['a stream as a pollable', { imports: STDOUT + READY, body: '(drop (call $ready (call $stdout)))' }],
    ['an input dropped as an output', { imports: STDIN + STDOUT + DROP_OUT, body: '(call $drop-out (call $stdin))' }],
    [
      'a stream in a list of pollables',
      {
        imports: STDOUT + POLL,
        body: `(i32.store (i32.const 256) (call $stdout)) (call $poll (i32.const 256) (i32.const 1) (i32.const 512))`,
      },
    ],
    [
      'a pollable as a bucket',
      {
        imports: `${STDIN}${SUBSCRIBE_IN}(import "wasi:keyvalue/store@0.2.0-draft" "[method]bucket.exists" (func $exists (param i32 i32 i32 i32)))`,
        body: '(call $exists (call $subscribe-in (call $stdin)) (i32.const 0) (i32.const 0) (i32.const 512))',
      },
    ],
  ];
  for (const [what, parts] of confused) {
    t.match((await run(parts)).outcome, { kind: 'trapped', reason: 'abi', message: /handle \d+ is a wasi:/ }, what);
  }
});

t.test('more handles than the bound are a trap, and what is dropped makes room', async (t) => {
  const opening = (times: number, drop: string): CoreParts => ({
    imports: STDOUT + DROP_OUT,
    fields: '(global $left (mut i32) (i32.const 0))',
    body: `(global.set $left (i32.const ${times}))
      (loop $again ${drop === '' ? '(drop (call $stdout))' : '(call $drop-out (call $stdout))'}
        (global.set $left (i32.sub (global.get $left) (i32.const 1))) (br_if $again (global.get $left)))`,
  });
  t.strictSame((await run(opening(RUNTIME_BOUNDS.handles, ''))).outcome, { kind: 'completed' });
  t.match((await run(opening(RUNTIME_BOUNDS.handles + 1, ''))).outcome, { kind: 'trapped', reason: 'abi' });
  t.strictSame((await run(opening(2 * RUNTIME_BOUNDS.handles, 'drop'))).outcome, { kind: 'completed' });
});

t.test('exit ends the run as failed, and nothing comes after it', async (t) => {
  for (const [call, status] of [
    ['(call $exit (i32.const 0))', 'success'],
    ['(call $exit (i32.const 1))', 'an error'],
    ['(call $exit-code (i32.const 259))', 'code 3'],
  ] as const) {
    const { outcome, log } = await run({
      imports: EXIT + EXIT_CODE + STDOUT + WRITE,
      fields: text(256, 'before\nafter\n'),
      body: `${put('stdout', 256, 7)} ${call} ${put('stdout', 263, 6)}`,
    });
    t.strictSame(outcome, { kind: 'failed', message: `the task called exit with ${status}` });
    t.strictSame(log, [{ level: 'info', context: 'stdout', message: 'before' }]);
  }
  t.match((await run({ imports: EXIT, body: '(call $exit (i32.const 2))' })).outcome, {
    kind: 'trapped',
    reason: 'abi',
  });
});

t.test('waiting for a clock may be imported; calling it ends the run as denied', async (t) => {
  t.strictSame((await run({ imports: WAIT, fields: '(func $never (drop (call $wait (i64.const 1))))' })).outcome, {
    kind: 'completed',
  });
  const { outcome } = await run({ imports: WAIT, body: '(drop (call $wait (i64.const 1)))' });
  t.match(outcome, { kind: 'denied', message: /cannot wait for a clock/ });
});

t.test('there is no environment, no argument, no directory and no terminal', async (t) => {
  const { outcome } = await run({
    imports:
      func(from('cli/environment'), 'get-environment', 'environment', '(param i32)') +
      func(from('cli/environment'), 'get-arguments', 'arguments', '(param i32)') +
      func(from('cli/environment'), 'initial-cwd', 'cwd', '(param i32)') +
      func(from('filesystem/preopens'), 'get-directories', 'directories', '(param i32)') +
      func(from('cli/terminal-stdout'), 'get-terminal-stdout', 'terminal', '(param i32)'),
    body: ['environment', 'arguments', 'directories']
      .map((id) => `(call $${id} (i32.const 512)) ${check('(i32.eqz (i32.load (i32.const 516)))')}`)
      .concat(['cwd', 'terminal'].map((id) => `(call $${id} (i32.const 512)) ${check(`(i32.eqz ${byte(512)})`)}`))
      .join(' '),
  });
  t.strictSame(outcome, { kind: 'completed' });
  const descriptor = func(from('filesystem/types'), '[method]descriptor.sync', 'sync', '(param i32 i32)');
  const madeUp = await run({ imports: descriptor, body: '(call $sync (i32.const 1) (i32.const 512))' });
  t.match(madeUp.outcome, { kind: 'trapped', reason: 'abi', message: /there is no handle 1/ });
});

t.test('a stream that a start function opened is there for each event', async (t) => {
  const component = await taskComponent({
    imports: STDOUT + WRITE,
    fields: `${text(256, 'x')} (global $out (mut i32) (i32.const 0)) (func $begin (global.set $out (call $stdout))) (start $begin)`,
    body: '(call $write (global.get $out) (i32.const 256) (i32.const 1) (i32.const 900)) (drop (call $stdout))',
  });
  const installed = await runtime.install(component, limits);
  for (let i = 0; i < 3; i++) {
    const { outcome, log } = await runtime.run(requestOf(task, installed, { topic: 'a', payload: 'b' }));
    t.strictSame([outcome.kind, log.length], ['completed', 1]);
  }
  runtime.uninstall(installed.key);
});
