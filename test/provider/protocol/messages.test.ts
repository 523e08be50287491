import t from 'tap';
import {
  decodeFrame,
  decodeHubMessage,
  decodeProviderMessage,
  encodeFrame,
  encodeHubMessage,
  encodeProviderMessage,
  PROTOCOL_BOUNDS,
  ProtocolError,
} from '../../../provider/protocol/index.js';
import { Random } from '../../runtime/provision/fuzz/random.js';
import { HUB_MESSAGES, PROVIDER_MESSAGES } from './example-messages.js';

t.test('each message arrives as it was sent', (t) => {
  for (const message of HUB_MESSAGES) t.match(decodeHubMessage(encodeHubMessage(message)), message, message.type);
  for (const message of PROVIDER_MESSAGES) {
    t.match(decodeProviderMessage(encodeProviderMessage(message)), message, message.type);
  }
  t.end();
});

t.test('whatever the bytes are, they are a message or are refused as a fault of the other side', (t) => {
  const encoded = [...HUB_MESSAGES.map(encodeHubMessage), ...PROVIDER_MESSAGES.map(encodeProviderMessage)];
  let refused = 0;
  for (let seed = 1; seed <= 20_000; seed++) {
    const random = new Random(seed);
    const bytes = Buffer.from(encoded[seed % encoded.length] ?? []);
    for (let edits = random.below(4); edits >= 0; edits--) bytes[random.below(bytes.length)] = random.below(256);
    const cut = random.once(3) ? bytes.subarray(0, random.below(bytes.length)) : bytes;
    for (const decode of [decodeHubMessage, decodeProviderMessage]) {
      try {
        decode(cut);
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw new Error(`seed ${seed}`, { cause: error });
        refused++;
      }
    }
  }
  t.ok(refused > 10_000, 'most of them are refused');
  t.end();
});

t.test('what is out of its bound is refused, with its name and what would be right', (t) => {
  const runs = (count: number): Uint8Array =>
    encodeFrame({ header: { type: 'runs', runs: Array.from({ length: count }, () => ({})) }, parts: [] });
  const cases: readonly (readonly [Uint8Array, string, RegExp])[] = [
    [runs(PROTOCOL_BOUNDS.runs + 1), 'malformed', /runs must be a list of at most 256/],
    [runs(1), 'malformed', /runs\[0\]\.n must be a whole number/],
    [encodeFrame({ header: { type: 'no-such' }, parts: [] }), 'unknown-message', /no message "no-such" of a hub/],
    [encodeFrame({ header: { type: 'constructor' }, parts: [] }), 'unknown-message', /constructor/],
    [encodeFrame({ header: { type: 'cancel', n: 1.5 }, parts: [] }), 'malformed', /n must be a whole number/],
    [encodeFrame({ header: { type: 'cancel', n: 2 ** 60 }, parts: [] }), 'malformed', /n must be a whole number/],
    [
      encodeFrame({ header: { type: 'chunk', digest: 'AB'.repeat(32), offset: 0, bytes: 0 }, parts: [] }),
      'malformed',
      /digest must be a sha256 in 64 small hex digits/,
    ],
    [
      encodeFrame({ header: { type: 'chunk', digest: 'ab'.repeat(32), offset: 0, bytes: 1 }, parts: [] }),
      'malformed',
      /bytes must be the index of a part/,
    ],
    [Buffer.alloc(PROTOCOL_BOUNDS.messageBytes + 1), 'too-large', /at most 8388608 bytes/],
    [Buffer.from([0xff, 0xff, 0xff, 0xff]), 'malformed', /header is said to have 4294967295 bytes/],
    [Buffer.concat([Buffer.from([2, 0, 0, 0]), Buffer.from('{}x')]), 'malformed', /its parts must be a list/],
  ];
  for (const [bytes, code, message] of cases)
    t.throws(() => decodeHubMessage(bytes), { code, message }, String(message));
  t.end();
});

/** A message in which each number of that name is another. */
function withNumber(bytes: Uint8Array, name: string, value: number): Uint8Array {
  const { header, parts } = decodeFrame(bytes);
  const text = JSON.stringify(header).replaceAll(new RegExp(`"${name}":\\d+`, 'g'), `"${name}":${value}`);
  return encodeFrame({ header: JSON.parse(text) as typeof header, parts });
}

t.test('a number for which others have four bytes is one that they hold', (t) => {
  const outcomes = PROVIDER_MESSAGES.filter(({ type }) => type === 'outcomes').map(encodeProviderMessage);
  const runs = HUB_MESSAGES.filter(({ type }) => type === 'runs').map(encodeHubMessage);
  for (const [name, messages, decode] of [
    ['droppedLogLines', outcomes, decodeProviderMessage],
    ['attempt', runs, decodeHubMessage],
  ] as const) {
    for (const bytes of messages) {
      t.doesNotThrow(() => decode(withNumber(bytes, name, 2 ** 32 - 1)), name);
      t.throws(() => decode(withNumber(bytes, name, 2 ** 32)), { code: 'malformed', message: new RegExp(name) }, name);
    }
  }
  t.end();
});

t.test('a name that objects have by themselves is no field, and no task is called so by accident', (t) => {
  const header = { type: 'configure', config: 1, tasks: [], toString: 'x' };
  t.same(decodeHubMessage(encodeFrame({ header, parts: [] })), { type: 'configure', config: 1, tasks: [] });
  const bare = Buffer.from('{"type":"cancel","parts":[],"__proto__":{"n":1}}');
  const bytes = Buffer.concat([Buffer.from([bare.length, 0, 0, 0]), bare]);
  t.throws(() => decodeHubMessage(bytes), { code: 'malformed' }, 'n is not taken from a prototype');
  t.end();
});

t.test('a frame says how long each part is, and all bytes belong to one', (t) => {
  const parts = [Buffer.from('ab'), Buffer.alloc(0), Buffer.from('c')];
  const frame = decodeFrame(encodeFrame({ header: { type: 'x' }, parts }));
  t.same(
    frame.parts.map((part) => Buffer.from(part).toString()),
    ['ab', '', 'c'],
  );
  t.throws(
    () => decodeFrame(Buffer.concat([encodeFrame({ header: {}, parts }), Buffer.from('!')])),
    /belong to no part/,
  );
  t.end();
});
