import t from 'tap';
import { RUNTIME_BOUNDS, type RunRequest, type StateReader, type Stored } from '../../../runtime/index.js';
import { HOST_FUEL_PER_BYTE, HOST_FUEL_PER_ITEM } from '../../../runtime/provision/meter/costs.js';
import { Handles } from '../../../runtime/worker/abi/handles.js';
import { Gauge } from '../../../runtime/worker/gauge.js';
import { RunContext } from '../../../runtime/worker/run-context.js';

const REQUEST: RunRequest = {
  runId: 'run',
  task: 'task',
  event: { id: 'e', topic: 'a', payload: new Uint8Array(), qos: 0, retain: false, arrivedAtMs: 0, captures: {} },
  attempt: 1,
  limits: { fuel: 1_000_000, memoryBytes: 1, deadlineMs: 1, outputBytes: 100, logBytes: 30 },
  grants: { publish: ['in/#', 'out/+'], buckets: {} },
  config: {},
  clockMs: 0,
  seed: 1,
  subjects: 'verbatim',
};

const OWN = { id: 'own', access: 'read-write' } as const;
const bytes = (text: string): Uint8Array => Buffer.from(text);
const publishing = (topic: string, size = 0) =>
  ({ topic, payload: new Uint8Array(size), qos: 1, retain: false }) as const;

interface FakeState extends StateReader {
  readonly asked: string[];
  open: number;
}

function stateOf(values: Readonly<Record<string, Stored>>): FakeState {
  const state: FakeState = {
    asked: [],
    open: 0,
    snapshot: () => {
      state.open++;
      return {
        get: (bucket, key) => {
          state.asked.push(`${bucket}/${key}`);
          return values[key];
        },
        keys: (_bucket, after, limit) =>
          Object.keys(values)
            .toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
            .filter((key) => after === undefined || Buffer.compare(Buffer.from(key), Buffer.from(after)) > 0)
            .slice(0, limit),
        keysVersion: () => 7,
        release: () => void state.open--,
      };
    },
    close: () => undefined,
  };
  return state;
}

function contextWith(state?: StateReader, request: Partial<RunRequest> = {}): RunContext {
  const gauge = new Gauge();
  gauge.add(new WebAssembly.Global({ value: 'i32', mutable: true }, 0));
  gauge.begin(1_000_000, 1, { now: () => 0, cancelled: () => false, sliceEnded: () => undefined });
  return new RunContext({ ...REQUEST, ...request }, { gauge, handles: new Handles() }, state);
}

t.test('what is granted is published, in order; a $ topic never is', (t) => {
  const run = contextWith();
  t.equal(run.publish(publishing('out/a', 3)), undefined);
  t.equal(run.publish(publishing('out/b')), undefined);
  t.match(run.effects, [{ kind: 'publish', topic: 'out/a' }, { topic: 'out/b' }]);
  t.equal(run.outputBytes, 13);
  t.equal(run.verdict, undefined);
  t.match(run.publish(publishing('out/a/b')), /"out\/a\/b" is not granted/);
  t.match(run.verdict, { kind: 'denied', message: /"out\/a\/b"/ });
  t.match(run.publish(publishing('elsewhere')), /not granted/);
  t.match(run.verdict, { message: /"out\/a\/b"/ }, 'the first is the one that counts');
  const wide = contextWith(undefined, { grants: { publish: ['#', '$SYS/#'], buckets: {} } });
  t.match(wide.publish(publishing('$SYS/a')), /not granted/);
  t.equal(wide.effects.length, 0);
  t.end();
});

t.test('what is no topic is an error to the guest, and no denial', (t) => {
  const run = contextWith();
  for (const topic of ['', 'out/+', 'out/#', 'out/\0']) t.type(run.publish(publishing(topic)), 'string');
  t.strictSame([run.verdict, run.effects.length], [undefined, 0]);
  t.end();
});

t.test('output is counted over everything a run asks for, and stops it one byte past the limit', (t) => {
  const run = contextWith();
  t.equal(run.publish(publishing('out/a', 45)), undefined);
  t.equal(run.write(OWN, 'key', new Uint8Array(47)), undefined);
  t.equal(run.outputBytes, 100);
  t.equal(run.write(OWN, '', undefined), undefined, 'nothing more is still within');
  t.match(run.write(OWN, 'k', undefined), /limit/);
  t.match(run.verdict, { kind: 'output-limit', message: /100 bytes/ });
  t.equal(run.gauge.stopped, 'output');
  t.equal(run.effects.length, 3);
  t.end();
});

t.test('a run reads what it wrote, and the store once for what it did not', (t) => {
  const state = stateOf({ a: { value: bytes('stored'), version: 7 } });
  const run = contextWith(state);
  t.strictSame(run.read('own', 'a'), bytes('stored'));
  t.strictSame(run.read('own', 'a'), bytes('stored'));
  t.equal(run.read('own', 'none'), undefined);
  t.equal(run.read('own', 'none'), undefined);
  run.write(OWN, 'b', bytes('mine'));
  t.strictSame(run.read('own', 'b'), bytes('mine'));
  run.write(OWN, 'a', undefined);
  t.equal(run.read('own', 'a'), undefined);
  t.equal(run.read('other', 'b'), undefined, 'buckets are apart');
  t.strictSame(state.asked, ['own/a', 'own/none', 'other/b']);
  t.strictSame(run.reads, [
    { bucket: 'own', key: 'a', version: 7 },
    { bucket: 'own', key: 'none', version: 0 },
    { bucket: 'other', key: 'b', version: 0 },
  ]);
  t.equal(state.open, 1, 'all of it from one snapshot');
  run.release();
  t.equal(state.open, 0);
  t.end();
});

t.test('a bucket that may be read only is not written', (t) => {
  const run = contextWith();
  t.match(run.write({ id: 'shared/x', access: 'read' }, 'k', bytes('v')), /shared\/x/);
  t.match(run.verdict, { kind: 'denied', message: /shared\/x/ });
  t.strictSame(run.effects, []);
  t.end();
});

t.test('keys are the store’s and the run’s own, in the order of their bytes', (t) => {
  // U+FF5E comes before U+1F600 in bytes and after it in UTF-16.
  const run = contextWith(stateOf({ a: { value: bytes(''), version: 1 }, '～': { value: bytes(''), version: 1 } }));
  run.write(OWN, '😀', bytes(''));
  run.write(OWN, 'b', bytes(''));
  t.strictSame(run.keys('own', undefined, 10), ['a', 'b', '～', '😀']);
  run.write(OWN, 'a', undefined);
  t.strictSame(run.keys('own', undefined, 2), ['b', '～'], 'what it deleted takes no place');
  t.strictSame(run.keys('own', 'b', 10), ['～', '😀']);
  t.strictSame(run.keys('other', undefined, 10), ['a', '～']);
  t.end();
});

t.test('log lines are kept up to the limit, and the others counted', (t) => {
  const run = contextWith();
  const line = (message: string) => run.addLog({ level: 'info', context: 'c', message });
  line('x'.repeat(19));
  line('y'.repeat(10));
  line('z'.repeat(9));
  line('');
  t.strictSame([run.log.map(({ message }) => message[0]), run.droppedLogLines, run.logBytes], [['x', 'z'], 2, 30]);
  run.droppedLogLines = RUNTIME_BOUNDS.droppedLogLines;
  line('one more');
  t.equal(run.droppedLogLines, RUNTIME_BOUNDS.droppedLogLines, 'as far as they are counted');
  t.equal(run.verdict, undefined);
  t.end();
});

t.test('a run’s clock is its fuel', (t) => {
  const run = contextWith();
  const before = run.elapsedNs;
  run.charge(1_000);
  t.ok(run.elapsedNs > before);
  const same = contextWith();
  same.charge(1_000);
  t.equal(same.elapsedNs, run.elapsedNs);
  t.end();
});

t.test('listing keys is charged for all that it looks at, also where little is found', (t) => {
  const long = Object.fromEntries(
    Array.from({ length: 50 }, (_, i) => [`k${'x'.repeat(500)}${i}`, { value: bytes(''), version: 1 }]),
  );
  const run = contextWith(stateOf({ a: { value: bytes(''), version: 1 }, ...long }));
  for (let i = 0; i < 30; i++) run.write(OWN, `a${i}`, undefined);
  const before = run.gauge.used;
  t.strictSame(run.keys(OWN.id, undefined, 1), ['a']);
  t.ok(run.gauge.used - before > 30 * (HOST_FUEL_PER_ITEM + 500 * HOST_FUEL_PER_BYTE));
  t.end();
});

t.test('a run can look at so many bytes of values, and no more', (t) => {
  const half = { value: new Uint8Array(RUNTIME_BOUNDS.readBytes / 2 + 1), version: 1 };
  const run = contextWith(stateOf({ a: half, b: half, c: half }));
  for (const key of ['a', 'b']) {
    t.equal(run.mayRead(1), true, key);
    run.read('own', key);
  }
  t.equal(run.mayRead(1), false);
  t.end();
});

t.test('once a run is to stop, a host call ends it instead of being made', (t) => {
  const run = contextWith();
  t.throws(() => run.charge(1_000_000), { name: 'RunEnded', message: /fuel/ });
  t.throws(() => run.charge(0), { name: 'RunEnded' });
  t.throws(() => run.chargeItems(0), { name: 'RunEnded' });
  t.equal(run.gauge.stopped, 'fuel');
  t.end();
});
