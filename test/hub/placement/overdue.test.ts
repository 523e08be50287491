/** A provider that is heard and does not answer: a run that may execute nowhere else goes to another one, if there is one. */
import t from 'tap';
import type { Decision } from '../../../hub/placement/decide.js';
import { ProviderChoice } from '../../../hub/placement/provider-choice.js';
import { RunsThere } from '../../../hub/placement/runs-there.js';
import { RemoteLost } from '../../../hub/session/index.js';
import { virtualTimer } from '../virtual-timer.js';

/** What of a task that takes no time anywhere is expected. */
const EXPECTATIONS = {
  speedOf: () => ({ fuelPerMs: 1, isMeasured: true }),
  queueMs: () => 0,
  transportMs: () => 0,
  begins: () => () => undefined,
};

/** @param whyNot Why the first one, which is nearer, has no outcome. */
function scene(isRemoteOnly: boolean, whyNot: RemoteLost) {
  const providers = ['hangs', 'other'].map((name) => ({
    name,
    isFaulty: false,
    takes: () => true,
    room: 1,
    capsOf: () => undefined,
    capacity: {},
    run: () => Promise.reject(whyNot),
  }));
  const timer = virtualTimer();
  const tasks = { isRemoteOnly: () => isRemoteOnly, weight: 1 };
  const all: { providers: typeof providers } = { providers };
  const choice = new ProviderChoice({
    app: { deviceOf: () => undefined },
    providers: {
      get all() {
        return all.providers as never;
      },
    },
    tasks,
    expectations: EXPECTATIONS,
    timer,
  });
  const there = new RunsThere({
    providers: { find: (name) => providers.find((one) => one.name === name) as never },
    local: () => ({ idleSlots: 0, run: () => Promise.reject(new Error('it is not to be here')) }),
    here: { run: () => Promise.reject(new Error('it is not to be here')) },
    tasks,
    expectations: EXPECTATIONS as never,
    choice,
    decisions: { note: () => undefined },
    timer,
    log: { info: () => undefined, warn: () => undefined },
  });
  const run = async (): Promise<string | undefined> => {
    const decision = { side: 'remote', provider: 'hangs', reason: '', fuel: 1 } as Decision;
    const request = { runId: 'e/long', event: { payload: Buffer.from('') } } as never;
    t.equal(await there.run({ name: 'long', decision, request, signal: undefined, isChecked: false }), undefined);
    return choice.bestFor('long')?.name;
  };
  return { run, choice, all };
}

t.test('one that is overdue there goes to another one', async (t) => {
  t.equal(await scene(true, new RemoteLost('late', true)).run(), 'other');
});

t.test('one whose session ended may go there again', async (t) => {
  t.equal(await scene(true, new RemoteLost('the link was cut')).run(), 'hangs');
});

t.test('where there is no other one it goes there again, unless it may execute here', async (t) => {
  for (const isRemoteOnly of [true, false]) {
    const { run, choice, all } = scene(isRemoteOnly, new RemoteLost('late', true));
    await run();
    all.providers = all.providers.slice(0, 1);
    t.equal(choice.bestFor('long')?.name, isRemoteOnly ? 'hangs' : undefined);
  }
});
