/** What a side does of a run that moves while its disk works, and what it leaves until that has what it is about. */
import t, { type Test } from 'tap';
import { MigratingRun, type MigrationMessage, type StubRecord } from '../../../../provider/protocol/migration/index.js';
import type { RunEnd } from '../../../../runtime/index.js';
import { until } from '../../../runtime/eventually.js';
import { offer } from '../../migrations/moving-hub.js';
import { BEGINNING, differenceOf, SMALL_CHECKPOINTS, stepped, wholeOf } from './small-run.js';

const TERMS = { pointMs: 1, reclaimMs: 1, isForHere: false, expectedFuel: 0 };
const anchor = wholeOf(BEGINNING);
const later = stepped(BEGINNING, 'a');
const difference = differenceOf(later, anchor);

interface Keeping {
  readonly record: StubRecord;
  readonly done: () => void;
  readonly failed: (error: Error) => void;
}

interface Executed {
  readonly from: Uint8Array;
  readonly pass: (checkpoint: Uint8Array) => void;
  readonly stand: (checkpoint: Uint8Array) => void;
  isToStand: boolean;
}

/** A provider whose disk has taken nothing until it is told so. */
function provider(t: Test) {
  const keeping: Keeping[] = [];
  const executed: Executed[] = [];
  const sent: MigrationMessage[] = [];
  const failed: string[] = [];
  const run = new MigratingRun(
    {
      side: 'provider',
      id: 'run#1',
      task: 'small',
      host: {
        execute: (from, pass) => {
          let stand: (end: RunEnd) => void = () => undefined;
          const end = new Promise<RunEnd>((resolve) => (stand = resolve));
          const one: Executed = {
            from,
            pass,
            stand: (checkpoint) => stand({ kind: 'suspended', checkpoint }),
            isToStand: false,
          };
          executed.push(one);
          const suspend = (): Promise<undefined> => {
            one.isToStand = true;
            return Promise.resolve(undefined);
          };
          return { end, suspend };
        },
        refuses: () => undefined,
      },
      stubs: {
        keep: (record) => new Promise((resolve, reject) => keeping.push({ record, done: resolve, failed: reject })),
        over: () => Promise.resolve(),
        drop: () => Promise.resolve(),
      },
      channel: { isSending: false, send: (message) => sent.push(message) > 0 },
      timer: { nowMs: () => 0, after: () => () => undefined },
      leaseMs: 1_000,
      changed: () => undefined,
      failed: (reason) => failed.push(reason),
      checkpoints: SMALL_CHECKPOINTS,
    },
    undefined,
  );
  t.teardown(() => run.close());
  run.linked();
  return { run, keeping, executed, sent, failed };
}

function offered(): MigrationMessage {
  return { id: 'run#1', task: 'small', message: offer(), content: { anchor, difference }, terms: TERMS };
}

/** Whether it may be said. */
async function mayBeSaid({ kept }: MigrationMessage): Promise<boolean> {
  return Promise.race([kept?.then(() => true) ?? true, new Promise<false>((resolve) => setImmediate(resolve, false))]);
}

t.test('who takes a run over executes it while the disk works, and says nothing of it before', async (t) => {
  const { run, keeping, executed, sent } = provider(t);
  run.receive(offered());
  await until('it is executed', 5_000, () => executed.length === 1);
  t.equal(keeping.length, 1);
  const [{ record, done }, [first]] = [keeping[0] as Keeping, sent];
  t.match(record, { stub: { epoch: 1, point: 1 }, content: { anchor: executed[0]?.from, difference: undefined } });
  t.match(first, { message: { type: 'point', epoch: 1, point: 1 } });
  t.notOk(await mayBeSaid(first as MigrationMessage), 'that it took the run');
  executed[0]?.pass(differenceOf(stepped(later, 'b'), executed[0].from));
  t.ok(executed[0]?.isToStand, 'a synchronous one goes no further than to its first point');
  executed[0]?.stand(differenceOf(stepped(later, 'b'), executed[0].from));
  t.notOk(await mayBeSaid(first as MigrationMessage));
  t.strictSame([sent.length, keeping.length], [1, 1], 'nor of where it came to');
  done();
  await until('its next point is on its way', 5_000, () => sent.length === 2);
  t.ok(await mayBeSaid(first as MigrationMessage));
  t.match(keeping[1]?.record.content, { anchor: executed[0]?.from }, 'its next point rests on what is kept');
  t.match(sent[1], { message: { epoch: 1, point: 2 } });
  t.notOk(await mayBeSaid(sent[1] as MigrationMessage), 'and is said when it is kept');
  keeping[1]?.done();
  t.ok(await mayBeSaid(sent[1] as MigrationMessage));
});

t.test('where the disk fails nothing is said, and what was executed meanwhile is of no interest', async (t) => {
  const { run, keeping, executed, sent, failed } = provider(t);
  run.receive(offered());
  await until('it is executed', 5_000, () => executed.length === 1);
  executed[0]?.stand(differenceOf(stepped(later, 'b'), executed[0].from));
  keeping[0]?.failed(new Error('the disk'));
  await until('it has failed', 5_000, () => failed.length === 1);
  await t.rejects(sent[0]?.kept ?? Promise.resolve(), /the disk/);
  t.strictSame([failed, sent.length, keeping.length], [['the disk'], 1, 1]);
});
