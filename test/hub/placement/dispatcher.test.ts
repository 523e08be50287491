/** Runs that are at a provider as a whole, or wait for one, are ended there. */
import t from 'tap';
import type { Decision } from '../../../hub/placement/decide.js';
import { Dispatcher } from '../../../hub/placement/dispatcher.js';
import type { RunRequest } from '../../../runtime/index.js';

const REQUEST = { runId: 'e/long' } as RunRequest;

/** Resolves with nothing when the run is told to end, as a session does that the provider does not answer. */
function untilTold(signal: AbortSignal | undefined): Promise<undefined> {
  return new Promise((resolve) => signal?.addEventListener('abort', () => resolve(undefined)));
}

function dispatcher(side: Decision['side']): Dispatcher {
  const decision = { side, provider: 'shed', fuel: 0, reason: '' } as Decision;
  const here = (): never => {
    throw new Error('it is not to be here');
  };
  return new Dispatcher({
    tasks: { of: () => undefined },
    placer: { decide: () => decision },
    decisions: { note: () => undefined },
    here: { run: here, begin: here },
    there: { run: ({ signal }) => untilTold(signal) },
    waits: { room: (_task, _run, signal) => untilTold(signal) },
    moves: () => undefined,
    drawsCheck: () => false,
  });
}

for (const side of ['remote', 'wait'] as const) {
  t.test(`a run is ended whose side is "${side}"`, async (t) => {
    const all = dispatcher(side);
    const run = all.run(REQUEST, undefined);
    t.notOk(all.cancel('e/other'));
    t.ok(all.cancel(REQUEST.runId));
    t.match(await run, { runId: 'e/long', outcome: { kind: 'cancelled' } });
    t.notOk(all.cancel(REQUEST.runId), 'it is over');
  });

  t.test(`one that could stand still is ended whose side is "${side}"`, async (t) => {
    const all = dispatcher(side);
    const { end } = all.begin(REQUEST, undefined);
    t.ok(all.cancel(REQUEST.runId));
    t.match(await end, { kind: 'ended', result: { outcome: { kind: 'cancelled' } } });
  });

  t.test(`one whose side is "${side}" ends with the hub, and none goes there later`, async (t) => {
    const all = dispatcher(side);
    const run = all.run(REQUEST, undefined);
    all.close();
    t.match(await run, { outcome: { kind: 'cancelled' } });
  });
}

t.test('one is ended as well by whoever runs it', async (t) => {
  const ends = new AbortController();
  const run = dispatcher('remote').run(REQUEST, ends.signal);
  ends.abort();
  t.match(await run, { outcome: { kind: 'cancelled' } });
});
