/** Beats of a session, in time that passes when told to. */
import t from 'tap';
import { Heartbeat } from '../../../hub/session/heartbeat.js';
import { virtualTimer } from '../virtual-timer.js';

const BEATS = { heartbeatMs: 100, leaseMs: 1_000 };

interface Answers {
  /** How long each beat takes there and back; undefined: it is not answered. */
  readonly afterMs?: number;
  readonly due?: (heartbeat: Heartbeat) => void;
}

function setUp({ afterMs, due }: Answers = {}) {
  const timer = virtualTimer();
  const sent: number[] = [];
  const silentMs: number[] = [];
  let answerAfterMs = afterMs;
  const heartbeat: Heartbeat = new Heartbeat({
    beats: BEATS,
    timer,
    send: (beat) => {
      sent.push(beat);
      if (answerAfterMs === undefined) return;
      timer.after(answerAfterMs, () => {
        heartbeat.heard();
        heartbeat.answered(beat, 7);
      });
    },
    due: () => due?.(heartbeat),
    silent: (ms) => silentMs.push(ms),
  });
  heartbeat.start();
  return { timer, heartbeat, sent, silentMs, answersAfter: (ms: number | undefined) => (answerAfterMs = ms) };
}

/** A look at the link waits for what has come meanwhile. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

t.test('a beat goes at once and then each period, and its answer says how far and how busy the provider is', (t) => {
  const { timer, heartbeat, sent, answersAfter } = setUp({ afterMs: 10 });
  t.strictSame(sent, [1]);
  t.equal(heartbeat.roundTripMs, undefined);
  timer.pass(50);
  t.strictSame([heartbeat.roundTripMs, heartbeat.queueMs], [10, 7]);
  answersAfter(30);
  timer.pass(300);
  t.strictSame(sent, [1, 2, 3, 4]);
  t.equal(heartbeat.roundTripMs, 30, 'the median of the last ones');
  heartbeat.stop();
  t.end();
});

t.test('an answer to an earlier beat says nothing of the round trip', (t) => {
  const { timer, heartbeat } = setUp();
  timer.pass(150);
  heartbeat.answered(1, 3);
  t.strictSame([heartbeat.roundTripMs, heartbeat.queueMs], [undefined, 3]);
  heartbeat.stop();
  t.end();
});

t.test('a link that is silent for the lease is told of once, and one that is heard is not', async (t) => {
  const { timer, heartbeat, silentMs } = setUp();
  timer.pass(900);
  heartbeat.heard();
  timer.pass(900);
  await turn();
  t.strictSame(silentMs, []);
  timer.pass(100);
  await turn();
  t.strictSame(silentMs, [1_000]);
  heartbeat.stop();
});

t.test('what has come while the process was held up counts before the silence does', async (t) => {
  const { timer, heartbeat, silentMs } = setUp();
  timer.pass(5_000);
  heartbeat.heard();
  await turn();
  t.strictSame(silentMs, []);
  heartbeat.stop();
});

t.test('once it is stopped nothing remains, even if that is when a beat is due', async (t) => {
  let dues = 0;
  const { timer, sent, silentMs } = setUp({
    due: (heartbeat) => {
      dues++;
      heartbeat.stop();
    },
  });
  timer.pass(10_000);
  await turn();
  t.strictSame([dues, sent, silentMs], [1, [1], []]);
  t.equal(timer.pending, 0);
});
