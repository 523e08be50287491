import t from 'tap';
import type { Heard, SimConnection } from '../../sim/connection.js';
import { runSim, type Timing } from '../../sim/run.js';

/** Real time that passes when it is waited for. */
function instantTiming(): Timing {
  let nowMs = 0;
  return {
    nowMs: () => nowMs,
    wait: (ms) => {
      nowMs += ms;
      return new Promise((resolve) => setImmediate(resolve));
    },
  };
}

/** A hub that switches the light of every room where somebody comes. */
function switchingHub(sent: string[]): (heard: Heard) => Promise<SimConnection> {
  return async (heard) => ({
    publish: async (topic, payload) => {
      sent.push(`${topic} ${payload}`);
      const room = topic.split('/')[1] ?? '';
      if (payload.includes('"occupancy":true')) heard(`zigbee2mqtt/${room}/light/set`, Buffer.from('{"state":"ON"}'));
    },
    close: async () => undefined,
  });
}

const OPTIONS = { seed: 1, speed: 60, rooms: 4, forMs: 20_000, poke: [] };
const never = new AbortController().signal;

t.test('a run ends when its time is up, and lights answer commands with their state', async (t) => {
  const sent: string[] = [];
  const report = await runSim(OPTIONS, switchingHub(sent), instantTiming(), never);
  t.ok(sent.length > 200, `${sent.length} messages in 20 simulated minutes`);
  t.ok(sent.some((line) => /\/light \{"state":"ON"/.test(line)));
  t.match(report, /obeyed +\d+ \(light ON \d+\)/);
  t.match(report, /20\.0 min at 60x in 20\.0 s/);
});

t.test('the same seed sends the same messages', async (t) => {
  const [first, second]: [string[], string[]] = [[], []];
  await runSim(OPTIONS, switchingHub(first), instantTiming(), never);
  await runSim(OPTIONS, switchingHub(second), instantTiming(), never);
  t.strictSame(first.toSorted(), second.toSorted());
});

t.test('rogue tasks are poked every two seconds', async (t) => {
  const sent: string[] = [];
  await runSim({ ...OPTIONS, poke: ['spin', 'hoard'] }, switchingHub(sent), instantTiming(), never);
  t.equal(sent.filter((line) => line.startsWith('rogue/spin/poke')).length, 10);
  t.equal(sent.filter((line) => line.startsWith('rogue/hoard/poke')).length, 10);
});

t.test('a signal ends it', async (t) => {
  const controller = new AbortController();
  const sent: string[] = [];
  const connect = switchingHub(sent);
  const run = runSim(
    { ...OPTIONS, forMs: undefined },
    async (heard) => {
      const connection = await connect(heard);
      return {
        ...connection,
        publish: (topic, payload) => {
          if (sent.length === 50) controller.abort();
          return connection.publish(topic, payload);
        },
      };
    },
    instantTiming(),
    controller.signal,
  );
  t.match(await run, 'simulated home');
  t.ok(sent.length < 100);
});

t.test('simulated time waits for a broker that does not acknowledge', async (t) => {
  let waiting: (() => void)[] = [];
  let most = 0;
  const report = await runSim(
    { ...OPTIONS, speed: 10_000, forMs: 2_000 },
    async () => ({
      publish: () =>
        new Promise<void>((resolve) => {
          waiting.push(resolve);
          most = Math.max(most, waiting.length);
          if (waiting.length === 256) {
            const held = waiting;
            setImmediate(() => {
              for (const acknowledge of held) acknowledge();
            });
            waiting = [];
          } else setImmediate(resolve);
        }),
      close: async () => undefined,
    }),
    instantTiming(),
    never,
  );
  t.match(report, 'simulated home');
  t.ok(most <= 256, `${most} in flight`);
});
