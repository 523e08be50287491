/** Messages about a run that come faster than its disk keeps them. */
import t from 'tap';
import { MIGRATION_BOUNDS } from '../../../../provider/protocol/migration/limits.js';
import { MigratingRun, type MigrationMessage } from '../../../../provider/protocol/migration/index.js';
import { until } from '../../../runtime/eventually.js';
import { BEGINNING, SMALL_CHECKPOINTS, stepped, wholeOf, type Memory } from './small-run.js';

const SENT = 100;

function pointOf(number: number, memory: Memory): MigrationMessage {
  const said = {
    epoch: 2,
    base: 0,
    from: 0,
    responsible: 'hub',
    mode: 'asynchronous',
    offer: false,
    end: false,
  } as const;
  const message = { ...said, type: 'point', point: number, whole: true } as const;
  const terms = { pointMs: 1, reclaimMs: 1, isForHere: false, expectedFuel: 0 };
  return { id: 'run#1', task: 'small', message, content: { anchor: wholeOf(memory) }, terms };
}

t.test('few of them wait, and what is lost for that can be said again', async (t) => {
  let isKept: () => void = () => undefined;
  const slow = new Promise<void>((resolve) => (isKept = resolve));
  const looked: Uint8Array[] = [];
  let kept = 0;
  const run = new MigratingRun(
    {
      side: 'provider',
      id: 'run#1',
      task: 'small',
      host: {
        execute: () => t.fail('it executes at the hub') as never,
        refuses: ({ anchor }) => void (anchor && looked.push(anchor)),
      },
      stubs: {
        keep: async ({ stub }) => {
          await slow;
          kept = stub.point;
        },
        over: () => Promise.resolve(),
        drop: () => Promise.resolve(),
      },
      channel: { isSending: false, send: () => true },
      timer: { nowMs: () => 0, after: () => () => undefined },
      leaseMs: 1_000,
      changed: () => undefined,
      failed: (reason) => t.fail(reason),
      checkpoints: SMALL_CHECKPOINTS,
    },
    undefined,
  );
  run.linked();
  let memory = BEGINNING;
  for (let number = 1; number <= SENT; number++) {
    memory = stepped(memory, 'a');
    run.receive(pointOf(number, memory));
  }
  isKept();
  const { messagesWaiting } = MIGRATION_BOUNDS;
  await until('what waited is kept', 5_000, () => kept >= messagesWaiting);
  t.equal(looked.length, messagesWaiting);
  run.receive(pointOf(SENT, memory));
  await until('the last is kept', 5_000, () => kept === SENT);
  await run.close();
});
