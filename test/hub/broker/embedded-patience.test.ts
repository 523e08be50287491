/** What aedes does with clients that do not read is not for fakes to say. */
import t, { type Test } from 'tap';
import {
  connectBroker,
  EMBEDDED_LIMITS,
  startEmbeddedBroker,
  type EmbeddedBroker,
  type LinkState,
} from '../../../hub/broker/index.js';
import { until } from '../../runtime/eventually.js';

t.setTimeout(90_000);

/** More than sockets hold: 32 MB. */
const MESSAGES = 1_000;
const PAYLOAD = Buffer.alloc(32 * 1024);

interface Stalled {
  readonly faults: string[];
  readonly states: LinkState[];
  came: number;
  readonly goOn: () => void;
}

/** A broker and a client of it that reads one message, and no more of the many that come until it goes on. */
async function stalled(t: Test, credentials: (broker: EmbeddedBroker) => object): Promise<Stalled> {
  const faults: string[] = [];
  const broker = await startEmbeddedBroker({ onFault: ({ message }) => faults.push(message) });
  t.teardown(() => broker.close());
  let goOn = (): void => undefined;
  const pause = new Promise<void>((resolve) => (goOn = resolve));
  const states: LinkState[] = [];
  const site: Stalled = { faults, states, came: 0, goOn };
  const options = { url: broker.url, protocolVersion: 4 } as const;
  const reader = await connectBroker(
    { ...options, clientId: 'reader', ...credentials(broker), onState: (state) => states.push(state) },
    (message) => {
      site.came++;
      message.acknowledge();
      return pause;
    },
  );
  t.teardown(() => reader.close());
  await reader.subscribe([{ filter: 'in/#', qos: 1 }]);
  const sender = await connectBroker({ ...options, clientId: 'sender' }, () => undefined);
  t.teardown(() => sender.close());
  for (let i = 0; i < MESSAGES; i++) {
    sender.publish({ topic: `in/${i}`, payload: PAYLOAD, qos: 1, retain: false }).catch(() => undefined);
  }
  await until('the first message', 20_000, () => site.came === 1);
  return site;
}

t.test('who stops reading is cut off, except the hub, which gets everything when it goes on', async (t) => {
  const hub = await stalled(t, (broker) => broker.hub);
  // Later, so that when this one is cut off, the hub has stood still for longer.
  const other = await stalled(t, () => ({ username: 'hub', password: 'guessed' }));
  await until('the other one is cut off', 3 * EMBEDDED_LIMITS.drainMs, () => other.faults.includes('drain timeout'));
  t.equal(hub.came, 1);
  t.strictSame(hub.faults, []);
  other.goOn();
  hub.goOn();
  await until('everything', 30_000, () => hub.came === MESSAGES);
  t.equal(hub.states.length, 1, 'on one connection');
});
