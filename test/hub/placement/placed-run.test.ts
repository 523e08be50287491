import t from 'tap';
import type { Decision } from '../../../hub/placement/decide.js';
import { PlacedRun, type PlacedRunParts } from '../../../hub/placement/placed-run.js';
import type { RunHandle, RunRequest, RunResult } from '../../../runtime/index.js';

const REQUEST = { runId: 'e/long' } as RunRequest;
const RESULT = { runId: 'e/long' } as RunResult;
const CHECKPOINT = new Uint8Array([1]);

const BEGINNING = new Uint8Array([0]);

const LOCAL: Decision = { side: 'local', fuel: 0, reason: 'here' };
const REMOTE: Decision = { side: 'remote', provider: 'shed', fuel: 0, reason: 'there' };
const WAIT: Decision = { side: 'wait', fuel: 0, reason: 'nowhere' };

function placed(decisions: readonly Decision[], parts: Partial<PlacedRunParts> = {}): PlacedRun {
  const left = [...decisions];
  const stands: RunHandle = {
    end: Promise.resolve({ kind: 'suspended', checkpoint: CHECKPOINT }),
    suspend: () => Promise.resolve(CHECKPOINT),
  };
  return new PlacedRun({
    request: REQUEST,
    options: undefined,
    decide: () => left.shift() ?? WAIT,
    begin: () => stands,
    beginning: () => BEGINNING,
    move: () => undefined,
    away: ({ side }) => Promise.resolve(side === 'remote' ? RESULT : undefined),
    cancelled: () => RESULT,
    ...parts,
  });
}

t.test('a run that begins here stands still here', async (t) => {
  t.same(await placed([LOCAL]).suspend(), CHECKPOINT);
});

t.test('one that executes at a provider comes to no point, and ends', async (t) => {
  const run = placed([REMOTE]);
  t.equal(await run.suspend(), undefined);
  t.same(await run.end, { kind: 'ended', result: RESULT });
});

t.test('one that moves there stands still at its beginning, and is told of where it goes', async (t) => {
  const moved: Decision[] = [];
  const moving: Decision = { ...REMOTE, moves: true };
  const run = placed([moving], { move: (decision) => moved.push(decision) });
  t.same(await run.end, { kind: 'suspended', checkpoint: BEGINNING });
  t.same(moved, [moving]);
});

t.test('one that was to stand still here does not move when it is placed anew', async (t) => {
  let lost: () => void = () => undefined;
  const moved: Decision[] = [];
  const run = placed([REMOTE, { ...REMOTE, moves: true }], {
    away: () => new Promise((resolve) => (lost = () => resolve(undefined))),
    move: (decision) => moved.push(decision),
  });
  const stood = run.suspend();
  lost();
  t.same(await stood, BEGINNING);
  t.same(moved, []);
});

t.test('one that is lost there, or waits for a provider, is placed anew', async (t) => {
  const run = placed([WAIT, REMOTE, LOCAL], { away: () => Promise.resolve(undefined) });
  t.same(await run.end, { kind: 'suspended', checkpoint: CHECKPOINT });
});

t.test('one that is cancelled while it waits ends', async (t) => {
  const run = placed([WAIT], { options: { signal: AbortSignal.abort() } });
  t.same(await run.end, { kind: 'ended', result: RESULT });
});

t.test('one that cannot be executed says so at its end alone, also when it was to stand still', async (t) => {
  const closed = new Error('The runtime is closed');
  const run = placed([LOCAL], {
    begin: () => {
      throw closed;
    },
  });
  const [end, stood] = await Promise.allSettled([run.end, run.suspend()]);
  t.match(end, { status: 'rejected', reason: closed });
  t.match(stood, { status: 'fulfilled', value: undefined });
});
