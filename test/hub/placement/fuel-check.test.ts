import t from 'tap';
import { difference } from '../../../hub/placement/fuel-check.js';
import type { Outcome, RunResult } from '../../../runtime/index.js';

const read = (key: string, version: number) => ({ bucket: 'b', key, version });

function result(change: Partial<RunResult> & { readonly fuel?: number } = {}): RunResult {
  const { fuel = 7, ...rest } = change;
  return {
    runId: 'r',
    outcome: { kind: 'completed' },
    effects: [],
    reads: [read('a', 1), read('b', 2)],
    log: [],
    droppedLogLines: 0,
    usage: { fuel, peakMemoryBytes: 1, wallMs: 1, hostMs: 0, outputBytes: 0, logBytes: 0 },
    ...rest,
  };
}

t.test('a provider that leaves out what a run read is at fault: the commit would check nothing', (t) => {
  t.equal(difference(result(), result()), undefined);
  for (const reads of [[], [read('a', 1)], [read('a', 1), read('b', 2), read('c', 3)]]) {
    t.match(difference(result({ reads }), result()), /read other state/, JSON.stringify(reads));
  }
  const listed = [{ bucket: 'b', version: 3 }];
  t.match(difference(result(), result({ listed })), /read other state/);
  t.match(difference(result({ listed }), result()), /read other state/);
  t.end();
});

t.test('what saw other versions is not compared, wherever it went from there', (t) => {
  const other = { fuel: 99 };
  t.equal(difference(result({ ...other, reads: [read('a', 2), read('z', 1)] }), result()), undefined);
  const [then, now] = [[{ bucket: 'b', version: 3 }], [{ bucket: 'b', version: 4 }]];
  t.equal(difference(result({ ...other, listed: then, reads: [] }), result({ listed: now })), undefined);
  t.match(difference(result(other), result()), /fuel here and is said/);
  t.end();
});

t.test('the engine’s words for a trap may be another version’s', (t) => {
  const trap = (reason: 'indirect-call' | 'arithmetic', message: string): RunResult =>
    result({ outcome: { kind: 'trapped', reason, message } });
  t.equal(difference(trap('indirect-call', 'null function'), trap('indirect-call', 'table index')), undefined);
  t.match(difference(trap('arithmetic', 'x'), trap('indirect-call', 'x')), /ended as/);
  const failed = (message: string): RunResult => result({ outcome: { kind: 'failed', message } satisfies Outcome });
  t.match(difference(failed('x'), failed('y')), /ended as/);
  t.end();
});
