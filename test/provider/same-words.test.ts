/** What a guest can see of where it runs: nothing, not in the words of an error either. */
import t, { type Test } from 'tap';
import { newSigningKey, type RemoteOutcome, type TaskSpec } from '../../provider/protocol/index.js';
import { createRuntime, type Outcome, type Runtime, type RuntimeOptions } from '../../runtime/index.js';
import { builtTask } from '../runtime/built-task.js';
import { providerUnderTest } from './provider-under-test.js';
import { RawHub, runOf, specOf } from './raw-hub.js';

t.setTimeout(60_000);

const { component } = await builtTask('test/fixtures/guests/counter');

async function answerTo(
  t: Test,
  spec: TaskSpec,
  startRuntime?: (options: RuntimeOptions) => Promise<Runtime>,
): Promise<RemoteOutcome | undefined> {
  const times = { helloMs: 60_000, heartbeatMs: 1_000, leaseMs: 60_000 };
  const provider = await providerUnderTest(t, { times, ...(startRuntime === undefined ? {} : { startRuntime }) });
  const hub = new RawHub(await provider.invite(), newSigningKey());
  t.teardown(() => hub.cut());
  await hub.open();
  await hub.configure(1, [spec], component);
  await hub.next('ready');
  hub.send({ type: 'runs', runs: [runOf(1, spec.name)] });
  const { outcomes } = await hub.next('outcomes');
  return outcomes[0];
}

t.test('a write without a grant ends in the same words, for the same fuel', async (t) => {
  const grants = { publish: ['#'], buckets: { default: { id: 'task/counter/default', access: 'read' } } } as const;
  const spec = specOf('counter', component, { grants });
  const there = await answerTo(t, spec);
  const local = await createRuntime({ threads: 1, cacheDir: `${t.testdirName}/local` });
  t.teardown(() => local.close());
  const { key } = await local.install(component, spec.limits);
  const { limits, config, subjects } = spec;
  const { runId, event, attempt, clockMs, seed } = runOf(1, 'counter');
  const here = await local.run({
    runId,
    task: key,
    event,
    attempt,
    limits,
    grants,
    config,
    clockMs,
    seed,
    subjects,
  });
  t.equal(here.outcome.kind, 'denied');
  t.strictSame(there?.outcome, here.outcome);
  t.equal(there?.usage.fuel, here.usage.fuel);
  t.strictSame(there?.log, here.log);
});

t.test(
  'a message of the guest’s own comes home as it is, also where it looks like the name of a file here',
  async (t) => {
    const message = 'from 10-0/2 to 0-0/1, 0-1/3';
    const outcome: Outcome = { kind: 'failed', message };
    const startRuntime = async (options: RuntimeOptions): Promise<Runtime> => {
      const runtime = await createRuntime(options);
      const run = runtime.run.bind(runtime);
      runtime.run = async (...args) => ({ ...(await run(...args)), outcome, effects: [] });
      return runtime;
    };
    t.match(await answerTo(t, specOf('counter', component), startRuntime), { outcome: { kind: 'failed', message } });
  },
);
