/** Runs on their way to a provider that answers as a test says. */
import t from 'tap';
import { SentRuns, type SentRunsParts } from '../../../hub/session/sent-runs.js';
import { SESSION_BOUNDS } from '../../../hub/session/limits.js';
import type { StatePiece } from '../../../hub/session/state-feed.js';
import type { HubMessage, RemoteOutcome } from '../../../provider/protocol/index.js';
import type { RunRequest } from '../../../runtime/index.js';
import { virtualTimer } from '../virtual-timer.js';

const PIECE: StatePiece = { revision: 1, reset: false, entries: [], sets: [] };

function request(payload = ''): RunRequest {
  const event = {
    id: 'e',
    topic: 't',
    payload: Buffer.from(payload),
    qos: 1,
    retain: false,
    arrivedAtMs: 0,
    captures: {},
  };
  const limits = { fuel: 1_000, memoryBytes: 65_536, deadlineMs: 1_000, outputBytes: 100, logBytes: 100 };
  const buckets = { default: { id: 'task/a/default', access: 'read' } } as const;
  return {
    runId: 'e/a',
    task: 'key',
    event: { ...event, qos: 1 },
    attempt: 1,
    limits,
    grants: { publish: [], buckets },
    config: {},
    clockMs: 0,
    seed: 1,
    subjects: 'verbatim',
  };
}

function outcome(n: number): RemoteOutcome {
  const usage = { fuel: 10, peakMemoryBytes: 0, wallMs: 1, hostMs: 0, outputBytes: 0, logBytes: 0 };
  const kept = { reads: [], listed: undefined, pages: undefined, unrecorded: undefined };
  const nothing = { effects: [], log: [], droppedLogLines: 0, noticed: undefined, ...kept };
  return { n, epoch: 0, outcome: { kind: 'completed' }, ...nothing, usage, queuedMs: 2 };
}

function setUp(parts: Partial<SentRunsParts> = {}) {
  const timer = virtualTimer();
  const sent: HubMessage[] = [];
  const news: StatePiece[] = [];
  let stuck = 0;
  const runs = new SentRuns({
    feed: {
      get hasNews() {
        return news.length > 0;
      },
      take: () => news.shift(),
      revision: 5,
    },
    timer,
    window: 8,
    windowBytes: 1_000,
    bufferedBytes: () => 0,
    send: (message) => sent.push(message),
    stuck: () => stuck++,
    ...parts,
  });
  const send = (payload?: string, signal?: AbortSignal) => {
    const run = runs.send({ request: request(payload), task: 'a', epoch: 0 }, undefined, signal);
    // Who gives a run up is not asked why in each test.
    run.catch(() => undefined);
    return run;
  };
  /** What was sent, in short: runs by their numbers. */
  const shown = (): string[] =>
    sent.map((message) => {
      if (message.type === 'runs') return `runs ${message.runs.map(({ n }) => n).join(' ')}`;
      return message.type === 'cancel' ? `cancel ${message.n}` : message.type;
    });
  return { runs, timer, sent, news, send, shown, stuck: () => stuck };
}

/** What is started in one turn goes together, after it. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

t.test('runs of one turn go together, after the state that they may see', async (t) => {
  const { runs, sent, news, send, shown } = setUp();
  news.push(PIECE, PIECE);
  const first = send();
  void send();
  await turn();
  t.strictSame(shown(), ['state', 'state', 'runs 1 2']);
  t.match(sent.at(-1), { runs: [{ revision: 5 }, { revision: 5 }] });
  t.equal(runs.room, 6);
  runs.answered(outcome(1));
  t.match(await first, { result: { runId: 'e/a', usage: { fuel: 10 } }, queuedMs: 2 });
  t.equal(runs.room, 7);
});

t.test('events beyond the window of bytes wait until an answer makes room', async (t) => {
  const { runs, send, shown } = setUp();
  for (const bytes of [600, 600, 10]) void send('x'.repeat(bytes));
  await turn();
  t.strictSame(shown(), ['runs 1']);
  runs.answered(outcome(1));
  await turn();
  t.strictSame(shown(), ['runs 1', 'runs 2 3']);
});

t.test('a single event that has more than the window goes', async (t) => {
  const { send, shown } = setUp();
  void send('x'.repeat(5_000));
  await turn();
  t.strictSame(shown(), ['runs 1']);
});

t.test('a run that is cancelled before it is sent is nobody’s, and later the provider is told', async (t) => {
  const { runs, timer, send, shown } = setUp();
  const [early, late] = [new AbortController(), new AbortController()];
  const unsent = send('', early.signal);
  const given = send('', late.signal);
  early.abort();
  await t.rejects(unsent, { message: /cancelled before it was sent/ });
  await turn();
  late.abort();
  t.strictSame(shown(), ['runs 2', 'cancel 2']);
  timer.pass(SESSION_BOUNDS.cancelMs);
  await t.rejects(given, { message: /it was cancelled/ });
  t.equal(runs.room, 7, 'it takes room there until it is answered');
  runs.answered(outcome(2));
  t.equal(runs.room, 8);
  t.throws(() => runs.answered(outcome(2)), { code: 'fault', message: /twice, or made up/ });
});

t.test('a run that is overdue is given up, and a provider that answers none of so many is stuck', async (t) => {
  const { runs, timer, send, shown, stuck } = setUp({ window: 2 });
  const both = [send(), send()];
  await turn();
  timer.pass(1_000 + SESSION_BOUNDS.answerMs - 1);
  runs.giveUpOverdue();
  t.strictSame(shown(), ['runs 1 2']);
  timer.pass(1);
  runs.giveUpOverdue();
  for (const run of both) await t.rejects(run, { message: /did not answer in time/ });
  t.strictSame(shown(), ['runs 1 2', 'cancel 1', 'cancel 2']);
  t.equal(stuck(), 1);
});

t.test('a provider that takes many at once is stuck, too, when it answers none of so many', async (t) => {
  const { runs, timer, send, stuck } = setUp({ window: 1_000_000, windowBytes: 1_000_000_000 });
  for (let i = 1; i < SESSION_BOUNDS.abandoned; i++) void send();
  await turn();
  timer.pass(1_000 + SESSION_BOUNDS.answerMs);
  runs.giveUpOverdue();
  t.equal(stuck(), 0);
  void send();
  await turn();
  timer.pass(1_000 + SESSION_BOUNDS.answerMs);
  runs.giveUpOverdue();
  t.equal(stuck(), 1);
});

t.test('once the session is over each run is rejected, and nothing more is sent', async (t) => {
  const { runs, news, send, shown } = setUp();
  const sent = send();
  await turn();
  const unsent = send();
  news.push(PIECE);
  runs.end('the link was cut');
  await t.rejects(sent, { message: /the link was cut/ });
  await t.rejects(unsent, { message: /the link was cut/ });
  await turn();
  t.strictSame(shown(), ['runs 1']);
  t.equal(news.length, 1, 'it is for the next session');
  t.equal(runs.size, 0);
});

t.test('a run is said to have been cancelled only when that was asked for', async (t) => {
  const { runs, send } = setUp();
  const cancelled = (n: number): RemoteOutcome => ({ ...outcome(n), outcome: { kind: 'cancelled' } });
  const ends = new AbortController();
  const asked = send('', ends.signal);
  void send();
  await turn();
  ends.abort();
  runs.answered(cancelled(1));
  t.match(await asked, { result: { outcome: { kind: 'cancelled' } } });
  t.throws(() => runs.answered(cancelled(2)), { message: /nobody has cancelled the run/ });
});
