import t from 'tap';
import type { Decision } from '../../../hub/placement/decide.js';
import { PlacedRun, type PlacedRunParts } from '../../../hub/placement/placed-run.js';
import type { RunHandle, RunRequest, RunResult } from '../../../runtime/index.js';

const REQUEST = { runId: 'e/long' } as RunRequest;
const RESULT = { runId: 'e/long' } as RunResult;
const CHECKPOINT = new Uint8Array([1]);

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
    runThere: () => Promise.resolve(RESULT),
    room: () => Promise.resolve(),
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

t.test('one that is lost there, or waits for a provider, is placed anew', async (t) => {
  const run = placed([WAIT, REMOTE, LOCAL], { runThere: () => Promise.resolve(undefined) });
  t.same(await run.end, { kind: 'suspended', checkpoint: CHECKPOINT });
});

t.test('one that is cancelled while it waits ends', async (t) => {
  const run = placed([WAIT], { options: { signal: AbortSignal.abort() } });
  t.same(await run.end, { kind: 'ended', result: RESULT });
});
