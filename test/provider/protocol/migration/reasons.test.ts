/** Why a side did what it did, in its own words: the other shows them, and keeps no more than that. */
import t from 'tap';
import { MIGRATION_BOUNDS } from '../../../../provider/protocol/migration/limits.js';
import { MigratingRun, type MigrationMessage, type Terms } from '../../../../provider/protocol/migration/index.js';
import { NEW_RUN, type Side } from '../../../../provider/protocol/responsibility/index.js';
import { until } from '../../../runtime/eventually.js';
import { BEGINNING, SMALL_CHECKPOINTS, wholeOf } from './small-run.js';

const LONG = 'because '.repeat(1_000);
const TERMS: Terms = { pointMs: 1, reclaimMs: 1, isForHere: false, expectedFuel: 0 };
const anchor = wholeOf(BEGINNING);

interface Watched {
  readonly run: MigratingRun;
  readonly said: MigrationMessage[];
  /** What was kept of why, last. */
  readonly kept: () => string;
}

function watched(side: Side): Watched {
  const said: MigrationMessage[] = [];
  let kept = '';
  const keep = ({ why }: { readonly why: string }): Promise<void> => {
    kept = why;
    return Promise.resolve();
  };
  const run = new MigratingRun(
    {
      side,
      id: 'run#1',
      task: 'small',
      host: {
        execute: () => ({ end: new Promise(() => undefined), suspend: () => undefined }) as never,
        refuses: () => undefined,
      },
      stubs: { keep, over: keep, drop: () => Promise.resolve() },
      channel: { isSending: false, send: (message) => said.push(message) > 0 },
      timer: { nowMs: () => 0, after: () => () => undefined },
      leaseMs: 1_000,
      changed: () => undefined,
      failed: (reason) => t.fail(reason),
      checkpoints: SMALL_CHECKPOINTS,
    },
    side === 'hub'
      ? {
          id: 'run#1',
          task: 'small',
          stub: NEW_RUN,
          content: { anchor },
          terms: { ...TERMS, executes: 'provider' },
          why: '',
        }
      : undefined,
  );
  run.linked();
  return { run, said, kept: () => kept };
}

t.test('a hub keeps why its run was not taken, and no more of it than people read', async (t) => {
  const { run, said, kept } = watched('hub');
  await until('it is offered', 5_000, () => said.some(({ message }) => message.type === 'point'));
  run.receive({ id: 'run#1', task: 'small', message: { type: 'nothing', epoch: 0 }, content: {}, why: LONG });
  await until('the hub has taken over', 5_000, () => run.status.epoch === 2);
  t.match(run.status.why, /^the hub goes on with it, as the provider does not take it: because because/);
  t.ok(run.status.why.length < 2 * MIGRATION_BOUNDS.whyLength);
  t.equal(kept(), run.status.why);
  await run.close();
});

t.test('so it is with why a point proposes what it does', async (t) => {
  const { run, kept } = watched('provider');
  const said = { epoch: 2, base: 0, from: 0, point: 1, responsible: 'hub', mode: 'synchronous' } as const;
  const message = { ...said, type: 'point', whole: true, offer: false, end: false } as const;
  run.receive({ id: 'run#1', task: 'small', message, content: { anchor }, terms: TERMS, why: LONG });
  await until('it is held', 5_000, () => run.status.point === 1);
  t.equal(run.status.why.length, MIGRATION_BOUNDS.whyLength);
  t.equal(kept(), run.status.why);
  await run.close();
});
