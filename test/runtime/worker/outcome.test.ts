import t from 'tap';
import { outcomeOf, type Circumstances } from '../../../runtime/worker/outcome.js';
import { fromText } from '../provision/wat.js';

const FINE: Circumstances = {
  ending: { type: 'returned' },
  stopped: undefined,
  verdict: undefined,
  overFuel: false,
  memoryRefused: false,
  abiFault: undefined,
};

const UNREACHABLE = { type: 'threw', error: new WebAssembly.RuntimeError('unreachable') } as const;
const DENIED = { kind: 'denied', message: 'publish to "x" is not granted' } as const;

t.test('what stopped a run explains how it ended, the first cause before the others', (t) => {
  const cases: readonly (readonly [Partial<Circumstances>, object])[] = [
    [{}, { kind: 'completed' }],
    [{ ending: { type: 'error', message: 'no' } }, { kind: 'failed', message: 'no' }],
    [{ ending: UNREACHABLE }, { kind: 'trapped', reason: 'unreachable' }],
    [{ ending: UNREACHABLE, stopped: 'fuel' }, { kind: 'out-of-fuel' }],
    [{ ending: UNREACHABLE, stopped: 'deadline' }, { kind: 'deadline' }],
    [{ ending: UNREACHABLE, stopped: 'cancelled' }, { kind: 'cancelled' }],
    [{ ending: UNREACHABLE, memoryRefused: true }, { kind: 'out-of-memory' }],
    [{ ending: UNREACHABLE, verdict: DENIED }, DENIED],
    [{ ending: UNREACHABLE, verdict: DENIED, memoryRefused: true, overFuel: true }, DENIED],
    [{ ending: UNREACHABLE, verdict: DENIED, stopped: 'cancelled' }, { kind: 'cancelled' }],
    [
      { ending: UNREACHABLE, abiFault: 'a stale handle' },
      { kind: 'trapped', reason: 'abi', message: 'a stale handle' },
    ],
  ];
  for (const [circumstances, outcome] of cases) {
    t.match(outcomeOf({ ...FINE, ...circumstances }), outcome, JSON.stringify(circumstances));
  }
  t.end();
});

t.test('a guest that goes on as if nothing had happened has the outcome nevertheless', (t) => {
  t.strictSame(outcomeOf({ ...FINE, verdict: DENIED }), DENIED);
  t.strictSame(outcomeOf({ ...FINE, ending: { type: 'error', message: 'no' }, verdict: DENIED }), DENIED);
  t.match(outcomeOf({ ...FINE, overFuel: true }), { kind: 'out-of-fuel' }, 'it ended between two looks at its fuel');
  t.match(outcomeOf({ ...FINE, stopped: 'deadline' }), { kind: 'deadline' });
  t.match(outcomeOf({ ...FINE, abiFault: 'x' }), { kind: 'trapped', reason: 'abi' });
  t.strictSame(outcomeOf({ ...FINE, memoryRefused: true }), { kind: 'completed' }, 'it made do with less');
  t.end();
});

/** What V8 throws when the function executes. */
function thrownBy(fields: string, body: string): unknown {
  const module = fromText(`(module ${fields} (func (export "f") (local i32) ${body}))`);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module));
  try {
    (exports['f'] as () => void)();
  } catch (error) {
    return error;
  }
  throw new Error('it did not trap');
}

t.test('each way to trap, as this engine words it, has its reason', (t) => {
  const divide = (op: string, value: number): string => `(drop (${op} (i32.const ${value}) (local.get 0)))`;
  const indirect = '(call_indirect (type $t) (i32.const %))';
  const cases: readonly (readonly [string, string, string])[] = [
    ['unreachable', '', '(unreachable)'],
    ['memory-out-of-bounds', '(memory 1)', '(drop (i32.load (i32.const 65536)))'],
    ['memory-out-of-bounds', '(memory 1)', '(memory.fill (i32.const 0) (i32.const 0) (i32.const 65537))'],
    ['memory-out-of-bounds', '(memory 1)', '(memory.copy (i32.const 0) (i32.const 1) (i32.const 65536))'],
    ['table-out-of-bounds', '(table 1 funcref)', '(drop (table.get 0 (i32.const 1)))'],
    ['indirect-call', '(type $t (func)) (table 1 funcref)', indirect.replace('%', '0')],
    [
      'indirect-call',
      '(type $t (func)) (table 1 funcref) (func $g (param i32)) (elem (i32.const 0) $g)',
      indirect.replace('%', '0'),
    ],
    ['arithmetic', '', divide('i32.div_s', 1)],
    ['arithmetic', '', divide('i32.rem_u', 1)],
    ['arithmetic', '', '(drop (i32.div_s (i32.const -2147483648) (i32.const -1)))'],
    ['arithmetic', '', '(drop (i32.trunc_f64_s (f64.const 1e30)))'],
    ['exception', '(tag $e)', '(throw $e)'],
    ['call-depth', '(func $g (result i32) (i32.add (call $g) (i32.const 1)))', '(drop (call $g))'],
  ];
  for (const [reason, fields, body] of cases) {
    const outcome = outcomeOf({ ...FINE, ending: { type: 'threw', error: thrownBy(fields, body) } });
    t.match(outcome, { kind: 'trapped', reason }, `${fields} ${body}`);
  }
  t.end();
});
