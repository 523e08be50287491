import t from 'tap';
import { decideCommit } from '../../hub/commit.js';
import type { Effect, Grants, Outcome, RunResult } from '../../runtime/index.js';

const GRANTS: Grants = {
  publish: ['home/+/light/set', '#'],
  buckets: { default: { id: 'task/a/default', access: 'read-write' }, house: { id: 'shared/house', access: 'read' } },
};

function result(effects: readonly Effect[], outcome: Outcome = { kind: 'completed' }): RunResult {
  const usage = { fuel: 1, peakMemoryBytes: 0, wallMs: 0, hostMs: 0, outputBytes: 0, logBytes: 0 };
  const reads = [{ bucket: 'task/a/default', key: 'k', version: 3 }];
  return { runId: 'r', outcome, effects, reads, log: [], droppedLogLines: 0, usage };
}

const publish = (topic: string): Effect => ({
  kind: 'publish',
  topic,
  payload: new Uint8Array(1),
  qos: 1,
  retain: true,
});
const set = (bucket: string): Effect => ({ kind: 'set', bucket, key: 'k', value: new Uint8Array(2) });

t.test('effects of a completed run are written and published in their order', (t) => {
  const decision = decideCommit(
    result([
      publish('home/a/light/set'),
      set('task/a/default'),
      { kind: 'delete', bucket: 'task/a/default', key: 'x' },
      publish('b'),
    ]),
    GRANTS,
  );
  t.match(decision, {
    ok: true,
    commit: {
      change: {
        reads: [{ bucket: 'task/a/default', key: 'k', version: 3 }],
        writes: [
          { bucket: 'task/a/default', key: 'k', value: new Uint8Array(2) },
          { bucket: 'task/a/default', key: 'x', value: undefined },
        ],
      },
      messages: [{ topic: 'home/a/light/set', qos: 1, retain: true }, { topic: 'b' }],
    },
  });
  t.end();
});

t.test('a run that did not complete has no effect, whatever it asked for', (t) => {
  const outcomes: readonly Outcome[] = [
    { kind: 'failed', message: '' },
    { kind: 'trapped', reason: 'unreachable', message: '' },
    { kind: 'out-of-fuel' },
    { kind: 'out-of-memory' },
    { kind: 'deadline' },
    { kind: 'output-limit', message: '' },
    { kind: 'denied', message: '' },
    { kind: 'cancelled' },
  ];
  for (const outcome of outcomes) {
    t.same(
      decideCommit(result([publish('b'), set('task/a/default')], outcome), GRANTS),
      { ok: true, commit: { change: { reads: [], writes: [] }, messages: [] } },
      outcome.kind,
    );
  }
  t.end();
});

t.test('an effect without a grant stops all of them', (t) => {
  const narrow: Grants = { ...GRANTS, publish: ['home/+/light/set'] };
  const cases: readonly [Effect, Grants, RegExp][] = [
    [publish('home/a/b/light/set'), narrow, /no filter/],
    [publish(''), GRANTS, /empty/],
    [publish('a/+'), GRANTS, /wildcards/],
    [publish('a/#'), GRANTS, /wildcards/],
    [publish('a\0'), GRANTS, /U\+0000/],
    [publish('$SYS/x'), GRANTS, /begin with \$/],
    [publish('$SYS/x'), { ...GRANTS, publish: ['$SYS/#'] }, /begin with \$/],
    [set('shared/house'), GRANTS, /only read/],
    [set('task/b/default'), GRANTS, /does not name/],
    [set('default'), GRANTS, /does not name/],
    [set('constructor'), GRANTS, /does not name/],
    [{ kind: 'delete', bucket: 'shared/house', key: 'k' }, GRANTS, /only read/],
  ];
  for (const [effect, grants, fault] of cases) {
    t.match(decideCommit(result([set('task/a/default'), effect]), grants), { ok: false, fault }, fault.source);
  }
  t.end();
});
