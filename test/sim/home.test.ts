import t from 'tap';
import { Home, type HomeMessage } from '../../sim/home.js';
import { START_MS } from '../../sim/limits.js';

const HOUR_MS = 3_600_000;

function home(seed = 1, rooms = 3): Home {
  return new Home({ seed, rooms, startMs: START_MS });
}

function played(seed: number, hours: number, rooms = 3): HomeMessage[] {
  return home(seed, rooms).advance(START_MS + hours * HOUR_MS, Infinity);
}

function parse(message: HomeMessage | undefined): unknown {
  return JSON.parse(message?.payload ?? 'null');
}

t.test('the same seed says the same, another seed something else', async (t) => {
  const first = played(7, 2);
  t.ok(first.length > 500, `${first.length} messages`);
  t.equal(JSON.stringify(played(7, 2)), JSON.stringify(first));
  t.not(JSON.stringify(played(8, 2)), JSON.stringify(first));
});

t.test('how time is cut makes no difference', async (t) => {
  const cut = home(7);
  const messages: HomeMessage[] = [];
  for (let nowMs = START_MS; nowMs <= START_MS + HOUR_MS; nowMs += 1_000) messages.push(...cut.advance(nowMs));
  t.strictSame(messages, played(7, 1));
});

t.test('messages come in order of time, and every kind of sensor speaks in every room', async (t) => {
  const messages = played(1, 2);
  t.ok(messages.every(({ atMs }, i) => atMs >= (messages[i - 1]?.atMs ?? 0)));
  const topics = new Set(messages.map(({ topic }) => topic));
  for (const room of home().roomNames) {
    for (const kind of ['motion', 'climate', 'contact', 'plug'])
      t.ok(topics.has(`zigbee2mqtt/${room}/${kind}`), `${room}/${kind}`);
  }
});

t.test('payloads have the fields of zigbee2mqtt, with sensible values', async (t) => {
  const last = new Map(played(1, 2).map((message) => [message.kind, message]));
  t.match(parse(last.get('motion')), {
    occupancy: Boolean,
    battery: Number,
    linkquality: Number,
    last_seen: /^2026-01-15T/,
  });
  t.match(parse(last.get('climate')), { temperature: Number, humidity: Number, battery: Number });
  t.match(parse(last.get('contact')), { contact: Boolean });
  t.match(parse(last.get('plug')), { power: Number, energy: Number });
});

t.test('energy never goes down', async (t) => {
  const energies = played(3, 6, 1)
    .filter(({ kind }) => kind === 'plug')
    .map(({ payload }) => Number(/"energy":([\d.]+)/.exec(payload)?.[1]));
  t.ok(energies.length > 100);
  t.ok(energies.every((energy, i) => energy >= (energies[i - 1] ?? 0)));
  t.ok((energies.at(-1) ?? 0) > (energies[0] ?? 0));
});

t.test('a radiator that is on warms its room, and only its own', async (t) => {
  const heated = home();
  const cold = home();
  const told = heated.obey('zigbee2mqtt/living/radiator/set', Buffer.from('{"state":"ON"}'), START_MS);
  t.equal(told?.topic, 'zigbee2mqtt/living/radiator');
  t.match(parse(told), { state: 'ON' });
  for (const each of [heated, cold]) each.advance(START_MS + HOUR_MS, Infinity);
  const temperature = (of: Home, room: string): number => of.room(room)?.temperature ?? NaN;
  t.ok(temperature(heated, 'living') > temperature(cold, 'living') + 2);
  t.equal(temperature(heated, 'kitchen'), temperature(cold, 'kitchen'));
});

t.test('with a thermostat that follows the sensor, a room stays comfortable for a day', async (t) => {
  const house = home(1, 1);
  const temperatures: number[] = [];
  for (let nowMs = START_MS; nowMs < START_MS + 24 * HOUR_MS; nowMs += 10_000) {
    for (const { kind, payload } of house.advance(nowMs)) {
      if (kind !== 'climate') continue;
      const measured = Number(/"temperature":([\d.]+)/.exec(payload)?.[1]);
      temperatures.push(measured);
      const wish = measured < 20.5 ? 'ON' : measured > 21.5 ? 'OFF' : undefined;
      if (wish !== undefined) house.obey('zigbee2mqtt/living/radiator/set', Buffer.from(wish), nowMs);
    }
  }
  const settled = temperatures.slice(120);
  t.ok(Math.min(...settled) > 20 && Math.max(...settled) < 22, `${Math.min(...settled)} to ${Math.max(...settled)}`);
});

t.test('a light obeys state and brightness, and reports what it is now', async (t) => {
  const house = home();
  const set = (payload: string): unknown =>
    parse(house.obey('zigbee2mqtt/hall/light/set', Buffer.from(payload), START_MS));
  const hall = new Home({ seed: 1, rooms: 5, startMs: START_MS });
  t.equal(set('{"state":"ON"}'), null, 'there is no hall in three rooms');
  const light = (payload: string): unknown =>
    parse(hall.obey('zigbee2mqtt/hall/light/set', Buffer.from(payload), START_MS));
  t.match(light('{"state":"ON","brightness":100}'), { state: 'ON', brightness: 100 });
  t.match(light('toggle'), { state: 'OFF' });
  t.match(light('{"brightness":9}'), { state: 'ON', brightness: 9 });
});

t.test('what is no command is not obeyed', async (t) => {
  const house = home();
  const payloads = ['', 'null', '[]', '{', '{"state":1}', '{"brightness":"x"}', '\ufffd', 'x'.repeat(10_000)];
  for (const payload of payloads) {
    t.equal(
      house.obey('zigbee2mqtt/living/light/set', Buffer.from(payload), START_MS),
      undefined,
      payload.slice(0, 20),
    );
  }
  for (const topic of [
    'zigbee2mqtt/living/light',
    'zigbee2mqtt/living/light/set/x',
    'x/living/light/set',
    'zigbee2mqtt/living/motion/set',
  ]) {
    t.equal(house.obey(topic, Buffer.from('ON'), START_MS), undefined, topic);
  }
});
