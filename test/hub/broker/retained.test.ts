/** A retained message is an event when the hub first hears of it, and when it changes: not at each start. */
import t from 'tap';
import { connectBroker, type LinkState } from '../../../hub/broker/index.js';
import type { BrokerLink, Subscription } from '../../../hub/broker-link.js';
import { mosquittoMissing, startMosquitto } from '../../fixtures/mosquitto.js';
import { Inbox, text } from './inbox.js';

const WANTED: readonly Subscription[] = [
  { filter: 'home/+/state', qos: 1 },
  { filter: 'exactly/+/state', qos: 2 },
  { filter: 'fleeting/+/state', qos: 0 },
];

/** Comes after all that the broker had for the hub. */
const LAST = 'home/last/state';

for (const version of [5, 4] as const) {
  const title =
    version === 5
      ? 'MQTT 5: a start hears what is new, and at QoS 0, where no session keeps what changed, all'
      : 'MQTT 3.1.1: each start hears all of them';
  t.test(title, { skip: mosquittoMissing() }, async (t) => {
    const broker = await startMosquitto();
    t.teardown(() => broker.close());
    const { url } = broker;
    const device = await connectBroker({ url, clientId: 'device', persistent: false }, () => undefined);
    t.teardown(() => device.close());
    const say = (topic: string, payload: string, retain = true): Promise<void> =>
      device.publish({ topic, payload: Buffer.from(payload), qos: 1, retain });

    /** What one start of a hub hears, and whether the broker had its session. */
    const start = async (wanted = WANTED): Promise<{ readonly heard: readonly string[]; readonly state: unknown }> => {
      const inbox = new Inbox();
      const states: LinkState[] = [];
      const onState = (state: LinkState): void => void states.push(state);
      const link: BrokerLink = await connectBroker({ url, clientId: 'hub', protocolVersion: version, onState }, (m) => {
        inbox.take(m);
        m.acknowledge();
      });
      await link.subscribe(wanted);
      await say(LAST, 'last', false);
      await inbox.until('the last message', (messages) => messages.some(({ topic }) => topic === LAST));
      await link.close();
      const heard = inbox.messages.filter(({ topic }) => topic !== LAST).map((m) => `${m.topic} ${text(m)}`);
      return { heard: heard.toSorted(), state: states[0] };
    };

    for (const topic of ['home/hall/state', 'exactly/hall/state', 'fleeting/hall/state']) await say(topic, 'on');
    const all = ['exactly/hall/state on', 'fleeting/hall/state on', 'home/hall/state on'];
    t.match(await start(), { heard: all, state: { sessionPresent: false } }, 'the first start');
    const again = version === 5 ? ['fleeting/hall/state on'] : all;
    t.match(await start(), { heard: again, state: { sessionPresent: true } }, 'a later one');

    await say('home/hall/state', 'off');
    const changed = (await start()).heard;
    t.ok(changed.includes('home/hall/state off'), 'what changed meanwhile');
    if (version === 5) t.same(changed, ['fleeting/hall/state on', 'home/hall/state off']);

    await say('new/hall/state', 'on');
    const wider = (await start([...WANTED, { filter: 'new/+/state', qos: 1 }])).heard;
    t.ok(wider.includes('new/hall/state on'), 'a topic that is new to the hub');
    if (version === 5) t.same(wider, ['fleeting/hall/state on', 'new/hall/state on']);

    await broker.stop();
    await broker.start();
    if (version === 5)
      t.same((await start()).heard, ['fleeting/hall/state on'], 'of a session that the broker has saved');

    const clean = await connectBroker({ url, clientId: 'hub', persistent: false }, () => undefined);
    await clean.close();
    const lost = await start();
    t.match(lost.state, { sessionPresent: false });
    t.same(lost.heard, ['exactly/hall/state on', 'fleeting/hall/state on', 'home/hall/state off'], 'a lost session');
  });
}
