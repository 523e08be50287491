/** Each field of each message has a bound: a message that is well formed but for one field that is out of all proportion. */
import t from 'tap';
import {
  decodeFrame,
  decodeHubMessage,
  decodeProviderMessage,
  encodeFrame,
  encodeHubMessage,
  encodeProviderMessage,
  PROTOCOL_BOUNDS,
} from '../../../provider/protocol/index.js';
import { isRecord } from '../../../provider/protocol/frame.js';
import { HUB_MESSAGES, PROVIDER_MESSAGES } from './example-messages.js';

/** Above the bound of any text, and below that of a header. */
const LONG = 'x'.repeat(1024 * 1024);
const HEADER_BYTES = 5 * 1024 * 1024;
/** Above the bound of any list. */
const MANY = 20_000;

/** Objects whose names are the hub's own. */
const RECORDS = /\.(captures|config|buckets)$/;
/** All lines of a log have one bound together: that of a message's header. */
const LINES = /\.log\[\d+\]\.(context|message)$/;

/** One way in which a header is spoilt, and the path to it. */
interface Spoilt {
  readonly path: string;
  readonly header: unknown;
}

/** A value with one thing in it that is too much, for each such thing. */
function spoilt(value: unknown, path: string): readonly Spoilt[] {
  if (typeof value === 'string') return LINES.test(path) ? [] : [{ path, header: LONG }];
  if (typeof value === 'number') return [{ path, header: -1 }];
  if (isList(value)) return spoiltList(value, path);
  return isRecord(value) ? spoiltRecord(value, path) : [];
}

function spoiltRecord(record: Readonly<Record<string, unknown>>, path: string): readonly Spoilt[] {
  const entries = Object.entries(record);
  const inside = entries.flatMap(([name, inner]) =>
    spoilt(inner, `${path}.${name}`).map((one) => ({ ...one, header: { ...record, [name]: one.header } })),
  );
  const [first] = entries;
  if (!RECORDS.test(path) || first === undefined) return inside;
  const many = Object.fromEntries(Array.from({ length: MANY }, (_, i) => [`${i}`, first[1]]));
  return [...inside, { path: `${path}, many`, header: many }];
}

function spoiltList(list: readonly unknown[], path: string): readonly Spoilt[] {
  const inside = list.flatMap((inner, i) =>
    spoilt(inner, `${path}[${i}]`).map((one) => ({ ...one, header: list.with(i, one.header) })),
  );
  const [first = {}] = list;
  const count = Math.min(MANY, Math.floor(HEADER_BYTES / (JSON.stringify(first).length + 1)));
  return [...inside, { path: `${path}, ${count} times`, header: Array.from({ length: count }, () => first) }];
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

const SIDES = [
  { who: 'hub', encoded: HUB_MESSAGES.map(encodeHubMessage), decode: decodeHubMessage },
  { who: 'provider', encoded: PROVIDER_MESSAGES.map(encodeProviderMessage), decode: decodeProviderMessage },
] as const;

for (const { who, encoded, decode } of SIDES) {
  t.test(`no field of a message of a ${who} may have what is too much`, (t) => {
    let count = 0;
    for (const bytes of encoded) {
      const { header, parts } = decodeFrame(bytes);
      const { type, parts: _, ...fields } = header;
      for (const { path, header: now } of spoilt(fields, JSON.stringify(type))) {
        const bytesNow = encodeFrame({ header: { ...record(now), type }, parts });
        t.throws(() => decode(bytesNow), { code: 'malformed' }, path);
        count++;
      }
    }
    t.ok(count > 40, `${count} fields`);
    t.end();
  });
}

t.test('what becomes a timer is neither too soon nor longer than a timer takes', (t) => {
  const [welcome] = PROVIDER_MESSAGES.filter(({ type }) => type === 'welcome').map(encodeProviderMessage);
  const [move] = HUB_MESSAGES.filter(({ type }) => type === 'move').map(encodeHubMessage);
  if (welcome === undefined || move === undefined) throw new Error('there are examples of both');
  const { leastHeartbeatMs: least, heartbeatMs, leaseMs, termMs } = PROTOCOL_BOUNDS;
  const asked: readonly (readonly [name: string, right: number, wrong: number])[] = [
    ['heartbeatMs', least, least - 1],
    ['heartbeatMs', heartbeatMs, heartbeatMs + 1],
    ['leaseMs', least, least - 1],
    ['leaseMs', leaseMs, leaseMs + 1],
  ];
  for (const [name, right, wrong] of asked) {
    const say = (ms: number) => decodeProviderMessage(changed(welcome, { [name]: ms }));
    t.match(say(right), { [name]: right });
    t.throws(() => say(wrong), { code: 'malformed', message: new RegExp(name) });
  }
  for (const [name, right, wrong] of [
    ['pointMs', 1, 0],
    ['pointMs', termMs, termMs + 1],
    ['reclaimMs', termMs, termMs + 1],
  ] as const) {
    const { terms } = decodeFrame(move).header;
    const say = (ms: number) => decodeHubMessage(changed(move, { terms: { ...record(terms), [name]: ms } }));
    t.match(say(right), { terms: { [name]: right } });
    t.throws(() => say(wrong), { code: 'malformed', message: new RegExp(name) });
  }
  t.end();
});

t.test('a header has so many bytes, and a message so many parts', (t) => {
  const { headerBytes, parts: most } = PROTOCOL_BOUNDS;
  const long = encodeFrame({ header: { text: 'x'.repeat(headerBytes) }, parts: [] });
  t.throws(() => decodeFrame(long), { code: 'malformed', message: /its header is said to have \d+ bytes/ });
  const parts = (count: number): Uint8Array =>
    encodeFrame({ header: {}, parts: Array.from({ length: count }, () => new Uint8Array()) });
  t.equal(decodeFrame(parts(most)).parts.length, most);
  t.throws(() => decodeFrame(parts(most + 1)), { code: 'malformed', message: /a list of at most 16384 lengths/ });
  t.end();
});

function changed(message: Uint8Array, change: Readonly<Record<string, unknown>>): Uint8Array {
  const { header, parts } = decodeFrame(message);
  const { parts: _, ...fields } = header;
  return encodeFrame({ header: { ...fields, ...change }, parts });
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  if (!isRecord(value)) throw new Error('it is no object');
  return value;
}
