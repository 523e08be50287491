import { isDeepStrictEqual } from 'node:util';
import t from 'tap';
import { openTask } from './task-under-test.js';
import { JsonMutator } from './json-mutator.js';

const echo = await openTask('test/fixtures/guests/json-echo');
t.teardown(() => echo.close());

/** Decodes as the reader promises to: ill-formed parts are U+FFFD, a byte order mark is kept. */
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

const MALFORMED = Symbol('malformed');

async function read(payload: Uint8Array): Promise<{ readonly json: unknown; readonly text: string | undefined }> {
  const { outcome, effects } = await echo.send({ payload });
  if (outcome.kind !== 'completed')
    throw new Error(`${JSON.stringify(outcome)} for ${JSON.stringify(utf8.decode(payload))}`);
  let json: unknown = MALFORMED;
  let text: string | undefined;
  for (const effect of effects) {
    if (effect.kind !== 'publish') continue;
    const published = utf8.decode(effect.payload);
    if (effect.topic === 'out/json') json = JSON.parse(published);
    else text = published;
  }
  return { json, text };
}

/** What JSON.parse makes of it, as far as JSON can say it back. */
function expected(payload: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(payload), writable);
  } catch {
    return MALFORMED;
  }
}

/** A number too large for a double reads as none and is written as null; -0 is written as 0. */
function writable(_: string, value: unknown): unknown {
  if (typeof value !== 'number') return value;
  return Number.isFinite(value) ? value + 0 : null;
}

interface Assertions {
  equal(found: unknown, wanted: unknown, name: string): unknown;
  strictSame(found: unknown, wanted: unknown, name: string): unknown;
}

async function same(t: Assertions, payload: string | Uint8Array): Promise<void> {
  const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload;
  const { json, text } = await read(bytes);
  const shown = JSON.stringify(utf8.decode(bytes).slice(0, 80));
  t.equal(text, utf8.decode(bytes), `text of ${shown}`);
  t.strictSame(json, expected(bytes), `JSON of ${shown}`);
}

t.test('reads what JSON.parse reads', async (t) => {
  const payloads = [
    '{"temperature":21.5,"humidity":44,"occupancy":true,"last_seen":"2026-11-21T20:03:00Z","none":null}',
    ' [ 1 , -0.5 , 1e3 , 1E-2 , 123456789012345678901234567890 , 5e-324 , 1e999 , 0.1 , 1.7976931348623157e308 ] ',
    '{"a\\u00e9\\n\\"\\\\\\/\\b":"\\ud83d\\ude00 é€😀","":{}}',
    '"text"',
    '{}',
    '[]',
    '[[],{},[{}],{"a":[]}]',
    'true',
    '-0',
    '9007199254740993',
    '0.30000000000000004',
  ];
  for (const payload of payloads) await same(t, payload);
});

t.test('reads malformed JSON as missing', async (t) => {
  const payloads = [
    '',
    ' ',
    '{',
    '}',
    '[1,]',
    '{"a":1,}',
    '{"a"}',
    '{a:1}',
    '01',
    '1.',
    '.5',
    '+1',
    '1e',
    '-',
    'nul',
    'truE',
  ];
  payloads.push(
    '"',
    '"\\x"',
    '"\\u12g4"',
    '"\n"',
    '[1 2]',
    '[1]]',
    '{"a":1}{',
    "{'a':1}",
    'NaN',
    '\u{feff}{}',
    '"\\',
    '[',
    '{"a":',
  );
  for (const payload of payloads) await same(t, payload);
});

t.test('nesting is bounded, not followed', async (t) => {
  await same(t, '['.repeat(64) + ']'.repeat(64));
  t.equal((await read(Buffer.from('['.repeat(65) + ']'.repeat(65)))).json, MALFORMED);
  t.equal((await read(Buffer.from('{"a":'.repeat(100_000)))).json, MALFORMED);
});

t.test('text that is not UTF-8 reads with U+FFFD, as a browser reads it', async (t) => {
  const cases = [
    'ff',
    'c080',
    'c3',
    'e282',
    'eda080',
    'f09f98',
    'f4908080',
    'f8888888',
    'e2e282ac',
    '41c341',
    'f09f9880',
    'c2a9e282ac',
  ];
  for (const hex of cases) {
    await same(t, Buffer.from(hex, 'hex'));
    await same(t, Buffer.from(`5b22${hex}225d`, 'hex'));
  }
});

t.test('a payload of 1 MiB is read', async (t) => {
  const { json } = await read(Buffer.from(JSON.stringify({ text: 'x'.repeat(1024 * 1024) })));
  t.match(json, { text: /^x{10}/ });
});

t.test('agrees with JSON.parse on thousands of damaged documents', { timeout: 120_000 }, async (t) => {
  const mutator = new JsonMutator(20_261_121);
  let disagreements = 0;
  for (let i = 0; i < 3_000; i++) {
    const bytes = mutator.next();
    const { json, text } = await read(bytes);
    const agrees = text === utf8.decode(bytes) && isDeepStrictEqual(json, expected(bytes));
    if (!agrees) {
      disagreements += 1;
      t.comment(`case ${i}: ${Buffer.from(bytes).toString('hex')}`);
    }
  }
  t.equal(disagreements, 0);
});
