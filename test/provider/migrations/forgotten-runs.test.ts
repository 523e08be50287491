/** What a provider remembers of runs that are not here: little, and not for long. */
import t, { type Test } from 'tap';
import type { HubMigrations, MigrationSession } from '../../../provider/migrations/hub-migrations.js';
import { DEFAULT_POLICY, PROVIDER_BOUNDS } from '../../../provider/policy.js';
import type { MigrationMessage } from '../../../provider/protocol/migration/index.js';
import { until } from '../../runtime/eventually.js';
import { virtualTimer, type VirtualTimer } from '../../hub/virtual-timer.js';
import { specOf } from '../raw-hub.js';
import { offer, TERMS } from './moving-hub.js';
import { steppingMigrations } from './stepping-migrations.js';

const TASK = { ...specOf('long', Buffer.from('c')), resumable: 'all' } as const;

interface Scene {
  readonly hub: HubMigrations;
  readonly timer: VirtualTimer;
  /** Has the provider look at what it keeps. */
  readonly look: () => void;
  /** Says a point without what belongs to it. @returns what is answered. */
  readonly names: (id: string) => Promise<string>;
}

async function scene(t: Test, migrations: number): Promise<Scene> {
  const timer = virtualTimer();
  const { migrations: all, runtime } = await steppingMigrations({
    dir: undefined,
    leaseMs: 1_000,
    refused: () => undefined,
    policy: { ...DEFAULT_POLICY, migrations },
    timer,
    clock: () => 0,
  });
  t.teardown(async () => {
    await all.close();
    await runtime.close();
  });
  const said: MigrationMessage[] = [];
  const hub = all.of('a'.repeat(64));
  const session: MigrationSession = {
    send: (message) => said.push(message) > 0,
    isSending: () => false,
    task: () => TASK,
    replica: { revision: 1, isWhole: true } as never,
    changed: () => undefined,
  };
  hub.begin(session);
  hub.linked();
  const names = async (id: string): Promise<string> => {
    said.length = 0;
    hub.receive(pointOf(id), undefined);
    await until('it answers', 10_000, () => said.length > 0);
    return said[0]?.message.type ?? '';
  };
  return { hub, timer, look: () => all.look(), names };
}

function pointOf(id: string): MigrationMessage {
  return { id, task: 'long', message: offer(), content: {}, terms: TERMS };
}

t.test('a run of which nothing but its name has come takes the place of another for a while only', async (t) => {
  const { timer, look, names } = await scene(t, 1);
  t.equal(await names('a#1'), 'lacks');
  timer.pass(PROVIDER_BOUNDS.emptyMigrationMs);
  look();
  t.equal(await names('b#1'), 'nothing', 'there is no room');
  timer.pass(1);
  look();
  t.equal(await names('b#1'), 'lacks');
});

t.test(
  'of runs that were given up so many are remembered, so that an older word does not bring them back',
  async (t) => {
    const { hub, names } = await scene(t, 8);
    const givenUp = async (id: string): Promise<void> => {
      t.equal(await names(id), 'lacks');
      hub.refuse(pointOf(id), 'a test');
    };
    await givenUp('first#1');
    t.equal(await names('first#1'), 'nothing');
    for (let i = 1; i < PROVIDER_BOUNDS.givenUp; i++) await givenUp(`run#${i}`);
    t.equal(await names('first#1'), 'nothing');
    await givenUp('last#1');
    t.equal(await names('first#1'), 'lacks');
  },
);
