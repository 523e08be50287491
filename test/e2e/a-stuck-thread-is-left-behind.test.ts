/** A thread in a system call that does not return cannot be ended, and is done without. */
import t from 'tap';
import { within } from '../runtime/eventually.js';
import { startRuntime, threadsOf } from '../runtime/started-runtime.js';
import { ThreadWitness } from '../runtime/thread-witness.js';
import { look, LOST, neighbour, probe } from './suspects.js';

t.setTimeout(120_000);

t.test('a thread that cannot even be ended is left behind, and another takes its place', async (t) => {
  const witness = new ThreadWitness();
  const { runtime, install, observed } = await startRuntime(t, { threads: 1, witness });
  const [run, other] = [await install(probe), await install(neighbour)];
  witness.setTrap();
  const before = threadsOf(runtime)[0]?.threadId;
  const stuck = run({ captures: { what: 'count' }, payload: '1 trap', limits: { deadlineMs: 100 } });
  const waiting = look(other, '2');
  t.match((await within('the run in the trap', 20_000, stuck)).outcome, { ...LOST, message: /left behind/ });
  t.match(observed, [{ kind: 'thread-left-behind' }, { kind: 'thread-lost' }]);
  t.equal((await within('the run behind it', 20_000, waiting)).outcome.kind, 'completed');
  t.not(threadsOf(runtime)[0]?.threadId, before);
  t.equal(threadsOf(runtime).length, 1);
  // What comes late from a thread that was left behind concerns nobody.
  witness.openTrap();
  t.equal((await look(other, '3')).outcome.kind, 'completed');
});
