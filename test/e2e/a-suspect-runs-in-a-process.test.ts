/** A task that has cost a thread runs where nothing it does can cost another: in a process that is killed. */
import t from 'tap';
import { until, within } from '../runtime/eventually.js';
import { startRuntime, suspectsOf, threadsOf } from '../runtime/started-runtime.js';
import { ThreadWitness } from '../runtime/thread-witness.js';
import { hang, isAlive, look, LOST, neighbour, probe } from './suspects.js';

t.setTimeout(120_000);

t.test(
  'a suspect runs in a process, which is killed when a run hangs again; its neighbours stay on their thread',
  async (t) => {
    const witness = new ThreadWitness();
    const { runtime, install, observed } = await startRuntime(t, { threads: 1, witness });
    const [run, other] = [await install(probe), await install(neighbour)];
    const first = await look(run, '2');
    t.equal(witness.process(2), process.pid, 'as long as nothing happened it runs in a thread');

    t.match((await within('the first hang', 10_000, hang(run))).outcome, LOST);
    t.match(observed, [{ kind: 'thread-lost', task: /./ }]);

    const second = await within('a run of the suspect', 20_000, look(run, '3'));
    const pid = witness.process(3) ?? 0;
    t.not(pid, process.pid, 'it runs elsewhere');
    t.equal(pid, suspectsOf(runtime));
    t.strictSame([second.outcome, second.usage.fuel], [first.outcome, first.usage.fuel], 'as it would here');

    const hanging = hang(run);
    const neighbours = await within('its neighbours', 2_000, Promise.all([look(other, '4'), look(other, '5')]));
    for (const { outcome } of neighbours) t.equal(outcome.kind, 'completed');
    t.equal(witness.process(4), process.pid);
    const [thread] = threadsOf(runtime);
    t.match((await within('the second hang', 10_000, hanging)).outcome, LOST);
    await until('the process is dead', 2_000, () => !isAlive(pid));
    t.match(observed.at(-1), { kind: 'suspect-process-lost' });
    t.equal(threadsOf(runtime)[0]?.threadId, thread?.threadId, 'it cost no other thread');

    t.equal((await within('a run after it', 20_000, look(run, '6'))).outcome.kind, 'completed');
    const next = witness.process(6) ?? 0;
    t.notOk([pid, process.pid].includes(next), 'in a new process');
    await runtime.close();
    await until('the process has ended with the runtime', 2_000, () => !isAlive(next));
  },
);

t.test('runs of a suspect that wait when it becomes one go to the process too', async (t) => {
  const witness = new ThreadWitness();
  const { runtime, install } = await startRuntime(t, { threads: 1, witness });
  const [run, other] = [await install(probe), await install(neighbour)];
  const hanging = hang(run);
  await until('it hangs', 10_000, () => witness.thread(1) !== undefined);
  const waiting = [look(run, '2'), look(other, '3'), look(run, '4')];
  t.match((await hanging).outcome, LOST);
  for (const { outcome } of await within('those behind it', 20_000, Promise.all(waiting)))
    t.equal(outcome.kind, 'completed');
  t.strictSame(
    [2, 3, 4].map((slot) => witness.process(slot)),
    [suspectsOf(runtime), process.pid, suspectsOf(runtime)],
  );
});

t.test('a new version is no suspect, and a task that is installed anew is none either', async (t) => {
  const witness = new ThreadWitness();
  const { runtime, install } = await startRuntime(t, { threads: 1, witness });
  const run = await install(probe);
  await hang(run);
  await look(await install(neighbour), '2');
  t.equal(witness.process(2), process.pid);
  const { key } = await runtime.install(probe.component, probe.manifest.limits);
  await look(run, '3');
  t.not(witness.process(3), process.pid, 'to install it once more changes nothing');
  runtime.uninstall(key);
  await look(await install(probe), '4');
  t.equal(witness.process(4), process.pid);
});
