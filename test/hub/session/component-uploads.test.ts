/** What a hub proves and sends of components: what its configuration has, as asked, and no more at once than agreed. */
import { createHash } from 'node:crypto';
import t from 'tap';
import { ComponentUploads } from '../../../hub/session/component-uploads.js';
import { PROTOCOL_BOUNDS, type HubMessage } from '../../../provider/protocol/index.js';

const { chunkBytes, chunksAhead } = PROTOCOL_BOUNDS;
const NONCE = Buffer.alloc(32, 7);
const LONG = Buffer.alloc((chunksAhead + 2) * chunkBytes + 1, 'long');
const SHORT = Buffer.from('short');

function sha256(...pieces: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return hash.digest();
}

const digestOf = (component: Uint8Array): string => sha256(component).toString('hex');

function setUp(files: readonly Uint8Array[] = [LONG, SHORT]) {
  const sent: HubMessage[] = [];
  const broken: string[] = [];
  const onDisk = new Map(files.map((file) => [digestOf(file), file]));
  const uploads = new ComponentUploads({
    component: (digest) => {
      const bytes = onDisk.get(digest);
      return bytes === undefined ? Promise.reject(new Error('it is not there')) : Promise.resolve(bytes);
    },
    send: (message) => sent.push(message),
    broken: (code, message) => broken.push(`${code}: ${message}`),
  });
  /** "digest offset" of the pieces that were sent. */
  const pieces = (): string[] =>
    sent.flatMap((message) => (message.type === 'chunk' ? [`${message.digest} ${message.offset / chunkBytes}`] : []));
  return { uploads, sent, broken, onDisk, pieces };
}

/** All that follows without waiting has happened. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const wanted = (config: number, component: Uint8Array, offset = 0) => {
  return { type: 'wanted', config, components: [{ digest: digestOf(component), offset }] } as const;
};

t.test('a component is proved with the nonce of the challenge', async (t) => {
  const { uploads, sent } = setUp();
  const digest = digestOf(SHORT);
  uploads.begin(1, new Set([digest]));
  uploads.challenged({ type: 'challenge', config: 1, nonce: NONCE, digests: [digest] });
  await turn();
  t.strictSame(sent, [{ type: 'proofs', config: 1, proofs: [{ digest, proof: sha256(NONCE, SHORT) }] }]);
});

t.test('so many pieces go ahead, the next when one is stored, and one component after the other', async (t) => {
  const { uploads, pieces } = setUp();
  const [long, short] = [digestOf(LONG), digestOf(SHORT)];
  uploads.begin(1, new Set([long, short]));
  const components = [long, short].map((digest) => ({ digest, offset: 0 }));
  uploads.wanted({ type: 'wanted', config: 1, components });
  await turn();
  const ahead = Array.from({ length: chunksAhead }, (_, piece) => `${long} ${piece}`);
  t.strictSame(pieces(), ahead);
  uploads.stored(long, chunkBytes);
  t.strictSame(pieces(), [...ahead, `${long} ${chunksAhead}`]);
  uploads.stored(long, 3 * chunkBytes);
  await turn();
  t.equal(pieces().length, chunksAhead + 3, 'the last piece of the first, and nothing of the second');
  uploads.stored(long, LONG.length);
  await turn();
  t.equal(pieces().at(-1), `${short} 0`);
  t.equal(uploads.bytes, LONG.length + SHORT.length);
});

t.test('what is there already is not sent again', async (t) => {
  const { uploads, pieces } = setUp();
  uploads.begin(1, new Set([digestOf(LONG)]));
  uploads.wanted(wanted(1, LONG, (chunksAhead + 1) * chunkBytes));
  await turn();
  t.strictSame(pieces(), [`${digestOf(LONG)} ${chunksAhead + 1}`, `${digestOf(LONG)} ${chunksAhead + 2}`]);
});

t.test('a provider that asks twice, or for what is not of its configuration, is out of turn', (t) => {
  const { uploads, sent } = setUp();
  uploads.begin(1, new Set([digestOf(SHORT)]));
  const code = 'out-of-turn';
  t.throws(() => uploads.wanted(wanted(1, LONG)), { code, message: /not of its configuration/ });
  uploads.wanted(wanted(1, SHORT));
  t.throws(() => uploads.wanted(wanted(1, SHORT)), { code, message: /sent wanted twice/ });
  t.strictSame(sent, []);
  t.end();
});

t.test('of an earlier configuration, and after the end, nothing more is sent', async (t) => {
  const { uploads, sent, pieces } = setUp();
  const digests = new Set([digestOf(LONG), digestOf(SHORT)]);
  uploads.begin(1, digests);
  uploads.wanted(wanted(1, LONG));
  await turn();
  const { length } = pieces();
  uploads.begin(2, digests);
  uploads.stored(digestOf(LONG), chunkBytes);
  for (const config of [1, 2])
    uploads.challenged({ type: 'challenge', config, nonce: NONCE, digests: [digestOf(SHORT)] });
  await turn();
  t.equal(pieces().length, length, 'another configuration counts');
  const proofs = sent.flatMap((message) => (message.type === 'proofs' ? [message.config] : []));
  t.strictSame(proofs, [2], 'a question that comes late is none of this one');
  uploads.wanted(wanted(2, LONG));
  uploads.end();
  await turn();
  uploads.stored(digestOf(LONG), chunkBytes);
  t.equal(pieces().length, length, 'it was ended while the file was read');
});

t.test('a file that is not what was deployed, or is gone, ends the session', async (t) => {
  const { uploads, sent, broken, onDisk } = setUp();
  const [long, short] = [digestOf(LONG), digestOf(SHORT)];
  onDisk.set(short, Buffer.from('another'));
  onDisk.delete(long);
  uploads.begin(1, new Set([long, short]));
  uploads.challenged({ type: 'challenge', config: 1, nonce: NONCE, digests: [short] });
  await turn();
  uploads.wanted(wanted(1, LONG));
  await turn();
  t.match(broken, [/^digest: .* it was changed$/, /^internal: a component cannot be read: it is not there$/]);
  t.strictSame(sent, []);
});
