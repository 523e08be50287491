/** What a hub may not do with runs that move, and what it cannot find out. */
import t, { type Test } from 'tap';
import { newSigningKey, type TaskSpec } from '../../../provider/protocol/index.js';
import { bombOf } from '../../runtime/checkpoint/bomb.js';
import { providerUnderTest } from '../provider-under-test.js';
import { longRun, TASK } from './long-run.js';
import { MovingHub, offer, TERMS } from './moving-hub.js';

t.setTimeout(170_000);

const run = await longRun(t, 60);
const begun = await run.begun();
/** What is packed and unpacked here keeps this thread from answering for seconds where others have the machine. */
const times = { helloMs: 60_000, heartbeatMs: 1_000, leaseMs: 120_000 };
const provider = await providerUnderTest(t, { times, policy: { migrations: 3, stubBytes: 4 * begun.length } });
const id = (count: number): string => `event-1/forecast#${count}`;

async function openHub(t: Test, change: Partial<TaskSpec> = {}, key = newSigningKey()): Promise<MovingHub> {
  const hub = new MovingHub(await provider.invite(), key);
  t.teardown(() => hub.cut());
  await hub.open([{ ...run.spec, ...change }], run.component);
  return hub;
}

t.test(
  'a checkpoint of other limits, grants, settings or components than were configured is not executed',
  async (t) => {
    const { limits, grants, config } = run.request;
    const forged: readonly (readonly [string, Parameters<typeof run.begun>[0]])[] = [
      ['more fuel', { limits: { ...limits, fuel: limits.fuel + 1 } }],
      ['another topic', { grants: { ...grants, publish: ['#'] } }],
      ['another bucket', { grants: { ...grants, buckets: { default: { id: 'task/other', access: 'read' } } } }],
      ['another configuration', { config: { ...config, more: '1' } }],
      ['other subjects', { subjects: 'dotted' }],
      ['another run', { runId: 'event-2/forecast' }],
    ];
    const hub = await openHub(t);
    for (const [i, [what, change]] of forged.entries()) {
      // Each is one of those that may be here, until it is seen that nothing comes of them.
      hub.say(id(i % 3), TASK, offer({ epoch: 2 * i }), { content: { anchor: await run.begun(change) } });
      t.match(await hub.hear(), { id: id(i % 3), message: { type: 'nothing', epoch: 2 * i } }, what);
    }
    const other = await openHub(t, { resumable: 'all' });
    other.say(id(9), TASK, offer(), { content: { anchor: begun } });
    t.match(await other.hearA('nothing'), { message: { epoch: 1 } }, 'code that was prepared otherwise');
  },
);

t.test('a small checkpoint that comes to much is refused, and not unpacked', async (t) => {
  const hub = await openHub(t);
  const bomb = bombOf(begun, 400);
  hub.sayPacked(id(0), TASK, offer(), bomb);
  const why = /^its checkpoint is too large: it may have \d+ bytes/;
  t.match(await hub.hear(), { id: id(0), message: { type: 'nothing', epoch: 0 }, why }, 'a run that is not here');
  hub.sayPacked(id(1), 'unknown', offer(), bomb);
  t.match(await hub.hear(), { id: id(1), message: { type: 'nothing', epoch: 0 } }, 'of a task that is not there');
  hub.say(id(2), TASK, offer(), { content: { anchor: begun }, terms: { ...TERMS, pointMs: 3_600_000 } });
  await hub.said(id(2));
  hub.sayPacked(id(2), TASK, offer({ epoch: 2, base: 9 }), bomb);
  t.match(await hub.hearA('nothing'), { id: id(2), why }, 'one that is here is given up');
  const reasons = provider.seen.flatMap((seen) => (seen.kind === 'run-given-up' ? seen.message : []));
  t.equal(reasons.filter((reason) => why.test(reason)).length, 2);
  t.notOk(hub.raw.closedWith, 'and the session goes on');
});

t.test('what is not resumable, not configured or without its checkpoint is not taken', async (t) => {
  const plain = await openHub(t, { resumable: undefined });
  plain.say(id(1), TASK, offer(), { content: { anchor: begun } });
  t.match(await plain.hear(), { message: { type: 'nothing', epoch: 0 } }, 'a task that is not resumable');
  plain.say(id(1), 'unknown', offer(), { content: { anchor: begun } });
  t.match(await plain.hear(), { message: { type: 'nothing' } }, 'a task that is not there');
  const hub = await openHub(t);
  hub.say(id(1), TASK, offer());
  t.match(await hub.hear(), { message: { type: 'lacks' } }, 'a point without what it needs');
  hub.say(id(1), TASK, offer({ whole: false }), { content: { anchor: begun } });
  t.match(await hub.hear(), { message: { type: 'nothing' } }, 'a difference to what is not here');
  hub.say(id(1), TASK, offer(), { content: { anchor: begun, difference: begun } });
  t.match(await hub.hear(), { message: { type: 'nothing' } }, 'parts that do not belong together');
});

t.test('a hub has as many runs here as it may, of as many bytes as it may, and others have theirs', async (t) => {
  const hub = await openHub(t);
  const quiet = { ...TERMS, pointMs: 3_600_000 };
  const beginsHere = async (count: number, of: MovingHub = hub): Promise<boolean> => {
    of.say(id(count), TASK, offer(), { content: { anchor: begun }, terms: quiet });
    for (;;) {
      const heard = await of.hear();
      if (heard.id === id(count)) return heard.message.type === 'point' || heard.message.type === 'held';
    }
  };
  for (let i = 0; i < 3; i++) t.ok(await beginsHere(i), `${i}`);
  t.notOk(await beginsHere(3), 'one more than may be here');
  const other = await openHub(t);
  t.ok(await beginsHere(0, other), 'the same name of another hub is another run');
  other.say(id(1), TASK, { type: 'held', epoch: 1, point: 1 });
  let said = await other.hear();
  while (said.id !== id(1)) said = await other.hear();
  t.match(said.message, { type: 'nothing' }, 'a run of another hub is as one that is not there');
  other.say(id(1), TASK, { type: 'over' });
  hub.say(id(0), TASK, { type: 'over' });
  hub.say(id(1), TASK, { type: 'over' });
  hub.say(id(2), TASK, { type: 'over' });
  other.say(id(0), TASK, { type: 'over' });
  await Promise.all([hub.said(id(2)), other.said(id(0))]);
});

t.test('names that nobody knows cost nothing, however many', async (t) => {
  const hub = await openHub(t);
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < 20_000; i++) {
    for (const message of [{ type: 'over' }, { type: 'lacks' }, { type: 'nothing', epoch: 1 }] as const) {
      if (i % 1_000 === 0) await hub.said(id(i - 1));
      hub.say(`unknown#${i}`, TASK, message);
    }
  }
  hub.say(id(77), TASK, { type: 'held', epoch: 3, point: 1 });
  t.match(await hub.hear(), { id: id(77), message: { type: 'nothing', epoch: 3 } }, 'it is still there');
  t.ok(process.memoryUsage().heapUsed - before < 200 * 1024 * 1024);
});

t.test('bytes that are no checkpoint end the session, and say so', async (t) => {
  const hub = await openHub(t);
  const piece = { type: 'piece', id: id(1), of: 'anchor', offset: 0, total: 9, bytes: Buffer.alloc(9) } as const;
  hub.raw.send(piece);
  hub.raw.send({
    type: 'move',
    id: id(1),
    task: TASK,
    message: offer(),
    leftOut: undefined,
    terms: TERMS,
    result: undefined,
    anchorBytes: 9,
    differenceBytes: 0,
  });
  t.match(await hub.raw.refusal(), /^malformed: A checkpoint of event-1\/forecast#1 is none: these bytes are no/);
  const again = await openHub(t);
  again.raw.send({ ...piece, offset: 3 });
  t.match(await again.raw.refusal(), /^out-of-turn: A piece of the anchor .* must begin at 0 of 9/);
});
