/** How one module is suspended, where that goes wrong or is not to be. */
import { t } from 'tap';
import { Handles } from '../../../runtime/worker/abi/handles.js';
import { Gauge } from '../../../runtime/worker/gauge.js';
import { FramesLost, Suspension, type Wish } from '../../../runtime/worker/suspension.js';
import { UnwindStack } from '../../../runtime/worker/unwind-stack.js';
import { fromText } from '../provision/wat.js';
import { suspendable } from '../suspend/stepped-instance.js';

const WATCH = { now: () => 0, cancelled: () => false, sliceEnded: () => undefined };
const DEEP = `(module (global $g (mut i32) (i32.const 0))
  (func $f (export "f") (param $n i32) (result i32)
    (if (result i32) (local.get $n)
      (then (i32.add (local.get $n) (call $f (i32.sub (local.get $n) (i32.const 1)))))
      (else (i32.const 0)))))`;

const DEPTH = 4_000;

interface Suspended {
  readonly suspension: Suspension;
  readonly gauge: Gauge;
  readonly call: (n: number) => number;
}

async function suspended(pages: number, sliceFuel: number, limit = 1e9): Promise<Suspended> {
  const gauge = new Gauge(sliceFuel);
  const suspension = new Suspension(
    new UnwindStack(pages),
    { gauge, guard: { mayLeave: true }, handles: new Handles() },
    0,
  );
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(await suspendable(fromText(DEEP))), {
    'sterna:meter': {
      slice: (counter: number) => suspension.slice(counter),
      hold: (counter: number) => suspension.hold(counter),
      grow: () => 1,
      deep: () => undefined,
    },
    'sterna:stack': suspension.imports,
  });
  gauge.add(exports['sterna:fuel'] as WebAssembly.Global<number>);
  gauge.begin(limit, Infinity, WATCH);
  suspension.attach(exports);
  return { suspension, gauge, call: exports['f'] as (n: number) => number };
}

/** Wishes to leave at one point, by its number. */
const at = (point: number): (() => Wish) => {
  let count = 0;
  return () => (count++ === point ? 'leave' : 'go-on');
};

/** The last point, which is where all calls are in flight: there are looks on the way in only. */
async function deepest(): Promise<number> {
  const { suspension, call } = await suspended(1, 1_000);
  let points = 0;
  suspension.arm(() => (points++, 'go-on'));
  call(DEPTH);
  return points - 1;
}

t.test('frames that have no room are lost by a trap, and it is said that they are', async (t) => {
  const { suspension, call } = await suspended(1, 1_000);
  suspension.arm(at(await deepest()));
  let error: unknown;
  try {
    call(DEPTH);
  } catch (thrown) {
    error = suspension.causeOf(thrown);
  }
  t.ok(error instanceof FramesLost, String(error));
});

t.test('where there is room, the same frames come back', async (t) => {
  const { suspension, call } = await suspended(128, 1_000);
  suspension.arm(at(await deepest()));
  call(DEPTH);
  t.equal(suspension.cameToRest()?.wish, 'leave');
  const frames = suspension.frames();
  t.ok(frames.length > 65_536, `${frames.length} bytes`);
  t.ok(suspension.rewind(frames));
  t.equal(call(DEPTH), (DEPTH * (DEPTH + 1)) / 2);
  t.equal(suspension.cameToRest(), undefined, 'it has ended');
});

t.test('frames of something else lead nowhere, and that is noticed', async (t) => {
  const { suspension, call } = await suspended(1, 1_000);
  suspension.arm(at(0));
  suspension.rewind(new Uint8Array(0));
  try {
    call(3);
  } catch {
    // It reads frames that are not there.
  }
  t.ok(suspension.isRewinding);
});

t.test('more frames than there is room for are not taken', async (t) => {
  const { suspension } = await suspended(1, 1_000);
  t.notOk(suspension.rewind(new Uint8Array(65_536)));
});

t.test('a run that is over its limit ends, and does not stand still', async (t) => {
  const { suspension, gauge, call } = await suspended(1, 1_000, 2_000);
  suspension.arm(at(2));
  t.throws(() => call(10_000), { message: 'unreachable' });
  t.equal(gauge.stopped, 'fuel');
});
