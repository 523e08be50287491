/** Points that come faster than a provider's disk keeps them. */
import t from 'tap';
import { FairQueue } from '../../../provider/fair-queue.js';
import type { Installations } from '../../../provider/installations.js';
import { HubMigrations } from '../../../provider/migrations/hub-migrations.js';
import { DEFAULT_POLICY } from '../../../provider/policy.js';
import type { TaskSpec } from '../../../provider/protocol/index.js';
import type { Replica } from '../../../provider/replica/replica.js';
import { encodeCheckpoint, type Runtime } from '../../../runtime/index.js';
import { aCheckpoint } from '../../runtime/checkpoint/a-checkpoint.js';
import { until } from '../../runtime/eventually.js';
import { offer, TERMS } from './moving-hub.js';

t.setTimeout(60_000);

t.test('no more of them wait than may be kept, of all runs of a hub together', async (t) => {
  const said = aCheckpoint();
  const { runId, limits, grants, config, subjects } = said.request;
  const begun = encodeCheckpoint({ ...said, request: { ...said.request, isolationKey: undefined } });
  const digest = said.component;
  const spec: TaskSpec = { name: 'long', digest, bytes: 8, limits, grants, config, subjects, resumable: 'all' };
  const stubBytes = 5 * begun.length;
  let kept = (): void => undefined;
  const disk = new Promise<void>((resolve) => (kept = resolve));
  const hub = new HubMigrations(
    {
      stubs: { keep: () => disk, drop: () => Promise.resolve() },
      runtime: {} as Runtime,
      installations: { hold: () => () => undefined } as unknown as Installations,
      queue: new FairQueue({ slots: () => 0, threads: 1 }),
      policy: { ...DEFAULT_POLICY, stubBytes, movedLimits: limits },
      timer: { nowMs: () => 0, after: () => () => undefined },
      leaseMs: 1_000,
      clock: Date.now,
      refused: (id, reason) => t.fail(`${id}: ${reason}`),
    },
    Date.now(),
  );
  t.teardown(() => hub.close());
  let held = 0;
  hub.begin({
    send: ({ message }) => {
      if (message.type === 'held') held++;
      return true;
    },
    isSending: () => false,
    task: () => spec,
    replica: { revision: 0 } as Replica,
    changed: () => undefined,
  });
  for (let point = 1; point <= 6; point++) {
    for (const id of [`${runId}#1`, `${runId}#2`]) {
      // It executes at the hub, which goes on meanwhile.
      const message = offer({ point, offer: false, mode: 'asynchronous' });
      hub.receive(
        { id, task: spec.name, message, content: { anchor: Uint8Array.from(begun) }, terms: TERMS },
        undefined,
      );
    }
  }
  t.equal(hub.waitingBytes, stubBytes);
  kept();
  await until('all that waited is kept', 10_000, () => held === 5 && hub.waitingBytes === 0);
});
