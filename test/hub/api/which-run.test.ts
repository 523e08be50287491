/** What somebody is told who asks for a run that does not go on. */
import t from 'tap';
import { notCurrent, type KnownRuns } from '../../../hub/api/which-run.js';
import type { CurrentRun } from '../../../hub/api/index.js';

const GOES_ON: CurrentRun = {
  runId: 'e1/long',
  task: 'long',
  version: '1.0.0',
  topic: 'in',
  attempt: 1,
  where: 'thread',
  resumable: true,
  fuel: 0,
};

const HUB: KnownRuns = {
  currentRuns: { list: () => [GOES_ON] },
  view: { isWaiting: (runId) => runId === 'e2/long' },
  history: { find: (runId) => Promise.resolve(runId === 'e3/long' ? '{}' : undefined) },
};

async function told(run: string, hub = HUB): Promise<{ readonly status: number; readonly error: string } | undefined> {
  const answer = await notCurrent(hub, run);
  return answer && { status: answer.status, ...((await answer.json()) as { readonly error: string }) };
}

t.test('one that goes on is no fault', async (t) => {
  t.equal(await told('e1/long'), undefined);
});

t.test('one that waits, one that is over and one that never was are told apart, each with what to do', async (t) => {
  t.match(await told('e2/long'), { status: 409, error: /"e2\/long" has not begun: "sterna queue"/ });
  t.match(await told('e3/long'), { status: 409, error: /"e3\/long" is over: "sterna run e3\/long"/ });
  t.match(await told('e4/long'), { status: 404, error: /no run "e4\/long": "sterna runs" lists/ });
  t.match(await told('e3/long', { ...HUB, history: undefined }), { status: 404 }, 'without records, nobody knows');
});

t.test('an id that is longer than any is not looked for', async (t) => {
  const find = (): Promise<undefined> => Promise.reject(new Error('it was looked for'));
  t.match(await told('x'.repeat(10_000), { ...HUB, history: { find } }), { status: 404 });
});
