import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import t from 'tap';
import { PROTOCOL_BOUNDS, ProtocolError, type Move, type Piece } from '../../../../provider/protocol/index.js';
import { IncomingMoves } from '../../../../provider/protocol/migration/incoming-moves.js';
import { OutgoingMoves } from '../../../../provider/protocol/migration/outgoing-moves.js';
import type { MigrationMessage } from '../../../../provider/protocol/migration/ports.js';
import { CheckpointFault, CheckpointTooLarge } from '../../../../runtime/index.js';
import { until } from '../../../runtime/eventually.js';

const { chunkBytes, movingAtOnce, movingBytes, movesWaiting, linesWaiting, checkpointBytes } = PROTOCOL_BOUNDS;

/** A sender over a link that takes what it is let. */
function sender(
  change: { readonly pack?: (bytes: Uint8Array) => Promise<Uint8Array>; readonly most?: () => number } = {},
) {
  const sent: (Move | Piece)[] = [];
  const failed: string[] = [];
  const timers: (() => void)[] = [];
  const link = { bufferedBytes: 0 };
  const moves = new OutgoingMoves({
    send: (message) => {
      if (message.type === 'move' && (message.result?.log.length ?? 0) > 2)
        throw new ProtocolError('too-large', 'much');
      sent.push(message);
    },
    bufferedBytes: () => link.bufferedBytes,
    after: (_, then) => timers.push(then),
    pack: change.pack ?? ((bytes) => Promise.resolve(bytes)),
    most: change.most ?? (() => undefined),
    failed: (id, reason) => failed.push(`${id}: ${reason}`),
  });
  const tick = (): void => {
    for (const then of timers.splice(0)) then();
  };
  return { moves, sent, failed, link, tick, timers };
}

interface Receiving {
  readonly unpack?: (bytes: Uint8Array, most: number) => Promise<Uint8Array>;
  readonly most?: () => number | undefined;
  readonly before?: Promise<void>;
}

function receiver(change: Receiving = {}) {
  const told: MigrationMessage[] = [];
  const broken: ProtocolError[] = [];
  const full: boolean[] = [];
  const refused: string[] = [];
  const moves = new IncomingMoves({
    unpack: change.unpack ?? ((bytes) => Promise.resolve(bytes)),
    most: change.most ?? (() => Infinity),
    tooLarge: ({ id }, reason) => refused.push(`${id}: ${reason}`),
    told: (message) => told.push(message),
    full: (isFull) => full.push(isFull),
    broken: (error) => broken.push(error),
    before: change.before,
  });
  const take = (message: Move | Piece): void => (message.type === 'move' ? moves.move(message) : moves.piece(message));
  return { moves, take, told, broken, full, refused };
}

function point(id: string, content: MigrationMessage['content'] = {}, leftOut?: string): MigrationMessage {
  const message = {
    type: 'point',
    epoch: 1,
    base: 0,
    from: 0,
    point: 1,
    whole: false,
    responsible: 'hub',
    mode: 'synchronous',
    offer: false,
    end: false,
  } as const;
  return { id, task: 'a', message, content, leftOut, terms: undefined };
}

function bytes(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 7 + seed) % 251);
}

function moveOf(id: string, anchorBytes: number, differenceBytes = 0): Move {
  const { content: _, ...said } = point(id);
  return {
    type: 'move',
    ...said,
    leftOut: undefined,
    terms: undefined,
    result: undefined,
    anchorBytes,
    differenceBytes,
  };
}

t.test('checkpoints arrive as they were, each run in its order, in pieces that take turns', async (t) => {
  const { moves, sent } = sender();
  const there = receiver();
  const large = point('large', { anchor: bytes(3 * chunkBytes + 5, 1), difference: bytes(10, 2) });
  const small = point('small', { difference: bytes(100, 3) }, 'ab'.repeat(32));
  const said = [large, small, { ...point('large'), message: { type: 'held', epoch: 1, point: 2 } } as const];
  for (const message of said) t.ok(moves.send(message));
  t.ok(moves.isSending('large'));
  await until('all is sent', 5_000, () => !moves.isSending('large') && !moves.isSending('small'));
  const order = sent.map((message) => (message.type === 'move' ? `${message.id}!` : message.id));
  t.ok(order.indexOf('small!') < order.indexOf('large!'), 'the small one does not wait for the large one');
  for (const message of sent) there.take(message);
  await until('all is told of', 5_000, () => there.told.length === 3);
  const found = there.told.find(({ id }) => id === 'small')?.content.difference;
  t.strictSame(Buffer.from(found ?? []), Buffer.from(bytes(100, 3)));
  const [first, second] = there.told.filter(({ id }) => id === 'large');
  t.strictSame(Buffer.from(first?.content.anchor ?? []), Buffer.from(bytes(3 * chunkBytes + 5, 1)));
  t.strictSame(Buffer.from(first?.content.difference ?? []), Buffer.from(bytes(10, 2)));
  t.match(second?.message, { type: 'held' }, 'what follows does not overtake');
  t.strictSame(there.broken, []);
});

t.test('nothing is added to a link that holds much, and nothing is packed twice', async (t) => {
  let packed = 0;
  const pack = async (checkpoint: Uint8Array): Promise<Uint8Array> => {
    packed++;
    return Promise.resolve(checkpoint);
  };
  const { moves, sent, link, tick, timers } = sender({ pack });
  link.bufferedBytes = PROTOCOL_BOUNDS.movingBufferedBytes + 1;
  moves.send(point('a', { anchor: bytes(2 * chunkBytes, 1) }));
  await until('it waits for the link', 5_000, () => timers.length > 0);
  tick();
  t.strictSame(sent, []);
  t.ok(moves.isSending('a'));
  link.bufferedBytes = 0;
  tick();
  t.strictSame(
    sent.map(({ type }) => type),
    ['piece', 'piece', 'move'],
  );
  t.equal(packed, 1);
});

t.test('a sender has no more on its way than a receiver takes', async (t) => {
  const { moves, sent, failed } = sender();
  const there = receiver({ unpack: () => Promise.resolve(new Uint8Array()) });
  const size = Math.floor(movingBytes / 4) + 1;
  const checkpoint = new Uint8Array(size);
  for (let i = 0; i < movingAtOnce + 10; i++) moves.send(point(`few-${i}`, { anchor: bytes(2 * chunkBytes, i) }));
  for (let i = 0; i < 6; i++) moves.send(point(`much-${i}`, { anchor: checkpoint }));
  const all = movingAtOnce + 16;
  const moved = (): number => sent.filter(({ type }) => type === 'move').length;
  await until('all is sent', 20_000, () => moved() === all);
  for (const message of sent) there.take(message);
  await until('all is told of', 20_000, () => there.told.length === all);
  t.strictSame(failed, []);
  t.strictSame(there.full.at(-1) ?? false, false);
});

t.test('what cannot be sent is told of, and what is sent too often is not taken', async (t) => {
  const pack = (checkpoint: Uint8Array): Promise<Uint8Array> =>
    checkpoint.length === 1 ? Promise.reject(new Error('no')) : Promise.resolve(new Uint8Array(checkpointBytes + 1));
  const { moves, sent, failed } = sender({ pack });
  moves.send(point('bad', { anchor: bytes(1, 1) }));
  moves.send(point('large', { anchor: bytes(2, 1) }));
  await until('both failed', 5_000, () => failed.length === 2);
  t.strictSame(failed[0], 'bad: no');
  t.match(failed[1], /^large: a checkpoint on its way may have 67108864 bytes: this one has 67108865/);
  t.strictSame(sent, []);
  const stuck = sender({ pack: () => new Promise(() => undefined) });
  const taken = Array.from({ length: movesWaiting + 1 }, () => stuck.moves.send(point('a', { anchor: bytes(9, 1) })));
  t.strictSame(taken.indexOf(false), movesWaiting);
  stuck.moves.close();
  t.notOk(stuck.moves.send(point('b')), 'nor is anything on a link that is closed');
});

t.test('a sender says something of so many runs at once, and of those it goes on', (t) => {
  const { moves } = sender({ pack: () => new Promise(() => undefined) });
  const say = (id: string): boolean => moves.send(point(id, { anchor: bytes(9, 1) }));
  const taken = Array.from({ length: linesWaiting + 1 }, (_, i) => say(`${i}`));
  t.strictSame(taken.indexOf(false), linesWaiting);
  t.ok(say('0'), 'one of them');
  t.notOk(moves.isSending(`${linesWaiting}`));
  moves.close();
  t.end();
});

t.test('a result that is larger than a message is said without what it read, or else as a failure', (t) => {
  const { moves, sent, failed } = sender();
  const line = { level: 'info', context: '', message: '' } as const;
  const usage = { fuel: 1, peakMemoryBytes: 0, wallMs: 0, hostMs: 0, outputBytes: 0, logBytes: 0 };
  const rest = {
    runId: 'r',
    outcome: { kind: 'completed' },
    effects: [],
    reads: [],
    droppedLogLines: 0,
    usage,
  } as const;
  moves.send(point('a', { result: { ...rest, log: [line, line, line] } }));
  t.match(sent, [{ type: 'move', result: { outcome: { kind: 'failed', message: /larger than a message/ }, usage } }]);
  t.strictSame(failed, []);
  t.end();
});

t.test('pieces that are out of order, too many or not there end the session', (t) => {
  const piece = (change: Partial<Piece> = {}): Piece => {
    return { type: 'piece', id: 'a', of: 'anchor', offset: 0, total: 8, bytes: bytes(4, 1), ...change };
  };
  const cases: readonly (readonly [string, readonly (Move | Piece)[], string, RegExp])[] = [
    ['a hole', [piece(), piece({ offset: 5 })], 'out-of-turn', /anchor of a must begin at 4 of 8: it begins at 5 of 8/],
    ['twice', [piece(), piece({ offset: 4, bytes: bytes(2, 1) }), piece({ offset: 4 })], 'out-of-turn', /at 6 of 8/],
    ['another length', [piece(), piece({ offset: 4, total: 9 })], 'out-of-turn', /it begins at 4 of 9/],
    ['beyond its end', [piece({ total: 3 })], 'out-of-turn', /must have from 1 to 3 bytes: it has 4/],
    ['none at all', [piece({ bytes: bytes(0, 0) })], 'out-of-turn', /from 1 to 8 bytes: it has 0/],
    ['half of it', [piece(), moveOf('a', 8)], 'out-of-turn', /must have come before its message, 8 bytes: 4 of 8/],
    ['not its own', [piece({ total: 4 }), moveOf('b', 4)], 'out-of-turn', /anchor of b must have come/],
    [
      'too many runs',
      Array.from({ length: movingAtOnce + 1 }, (_, i) => piece({ id: `${i}` })),
      'quota',
      /at most 64 runs/,
    ],
    [
      'too many bytes',
      Array.from({ length: 3 }, (_, i) => piece({ id: `${i}`, total: checkpointBytes })),
      'quota',
      /134217728 bytes together: they would have 201326592/,
    ],
  ];
  for (const [what, messages, code, message] of cases) {
    const { take } = receiver();
    const all = (): void => {
      for (const each of messages) take(each);
    };
    t.throws(all, { code, message }, what);
  }
  t.end();
});

t.test('what a message is about goes ahead, and the message when it is kept', async (t) => {
  const { moves, sent, failed } = sender();
  const there = receiver();
  let kept = (): void => undefined;
  const before = new Promise<void>((resolve) => (kept = resolve));
  const checkpoint = bytes(chunkBytes + 5, 1);
  moves.send({ ...point('a', { anchor: checkpoint }), kept: before });
  moves.send(point('a'));
  await until('its checkpoint is sent', 5_000, () => sent.length === 2);
  moves.send(point('b'));
  t.strictSame(
    sent.map(({ type, id }) => `${type} ${id}`),
    ['piece a', 'piece a', 'move b'],
    'others do not wait',
  );
  t.ok(moves.isSending('a'));
  kept();
  await until('all is sent', 5_000, () => !moves.isSending('a'));
  for (const message of sent) there.take(message);
  await until('all is told of', 5_000, () => there.told.length === 3);
  const [first, second] = there.told.filter(({ id }) => id === 'a');
  t.strictSame(Buffer.from(first?.content.anchor ?? []), Buffer.from(checkpoint));
  t.strictSame(second?.content.anchor, undefined);
  t.strictSame(failed, []);
});

t.test('what is not kept is not said, and what went ahead of it is let go', async (t) => {
  const { moves, sent, failed } = sender();
  const there = receiver();
  let fail: (error: Error) => void = () => undefined;
  const kept = new Promise<void>((_, reject) => (fail = reject));
  // As much as may be on its way: all of it is free again.
  const large = { anchor: new Uint8Array(movingBytes / 2), difference: new Uint8Array(movingBytes / 2) };
  moves.send({ ...point('a', large), kept });
  await until('its checkpoints are sent', 20_000, () => sent.length === movingBytes / chunkBytes);
  fail(new Error('the disk'));
  await until('it waits no more', 5_000, () => !moves.isSending('a'));
  moves.send({ ...point('a'), message: { type: 'over' } });
  moves.send(point('a', large));
  moves.send({ ...point('b', large), kept: Promise.reject(new Error('the disk')) });
  moves.send(point('b', { difference: bytes(9, 3) }));
  await until('all is sent', 20_000, () => !moves.isSending('a') && !moves.isSending('b'));
  for (const message of sent) there.take(message);
  await until('all is told of', 20_000, () => there.told.length === 3);
  t.strictSame(
    there.told.map(({ id, message }) => `${id} ${message.type}`),
    ['a over', 'a point', 'b point'],
  );
  t.strictSame(there.told[2]?.content.anchor, undefined);
  t.strictSame([failed, there.broken], [[], []]);
});

t.test('a checkpoint is begun anew where its first piece comes again', async (t) => {
  const there = receiver();
  const piece = { type: 'piece', id: 'a', of: 'anchor', offset: 0, total: 4, bytes: bytes(4, 1) } as const;
  there.take({ ...piece, total: 8 });
  there.take({ ...piece, bytes: bytes(4, 2) });
  there.take(moveOf('a', 4));
  await until('it is told of', 5_000, () => there.told.length === 1);
  t.strictSame(Buffer.from(there.told[0]?.content.anchor ?? []), Buffer.from(bytes(4, 2)));
});

t.test('what is no checkpoint, or would be too large, is the other side’s fault', async (t) => {
  const { take, broken, told } = receiver({ unpack: () => Promise.reject(new CheckpointFault('damaged')) });
  take({ type: 'piece', id: 'a', of: 'anchor', offset: 0, total: 4, bytes: bytes(4, 1) });
  take(moveOf('a', 4));
  await until('it is told of', 5_000, () => broken.length > 0);
  t.match(broken, [{ code: 'malformed', message: 'A checkpoint of a is none: damaged' }]);
  t.strictSame(told, []);
});

t.test('what cannot be unpacked for want of memory ends the session, and nothing more', async (t) => {
  const { take, broken } = receiver({ unpack: () => Promise.reject(new RangeError('Array buffer allocation failed')) });
  const { moves, sent } = sender();
  moves.send(point('run#1', { anchor: Buffer.from('a checkpoint') }));
  await until('it is sent', 10_000, () => sent.length === 2);
  for (const message of sent) take(message);
  await until('it is told', 10_000, () => broken.length > 0);
  t.match(broken, [{ code: 'internal', message: /run#1.*allocation failed/ }]);
});

t.test('a link that takes nothing fails what is sent, and nothing more', async (t) => {
  const failed: string[] = [];
  const moves = new OutgoingMoves({
    send: () => {
      throw new Error('the link is broken');
    },
    bufferedBytes: () => 0,
    after: () => undefined,
    pack: (bytes) => Promise.resolve(bytes),
    most: () => undefined,
    failed: (id, reason) => failed.push(`${id}: ${reason}`),
  });
  moves.send(point('run#1', { anchor: Buffer.from('a checkpoint') }));
  moves.send({ ...point('run#2'), kept: Promise.resolve() });
  await until('both are told', 10_000, () => failed.length === 2);
  t.same(failed.toSorted(), ['run#1: the link is broken', 'run#2: the link is broken']);
  t.notOk(moves.isSending('run#1'));
});

t.test('a link is left alone while more has come than can be unpacked', async (t) => {
  let unpack: () => void = () => undefined;
  const waiting = new Promise<Uint8Array>((resolve) => (unpack = () => resolve(new Uint8Array())));
  const { take, full, told } = receiver({ unpack: () => waiting });
  const total = checkpointBytes;
  const much = new Uint8Array(total);
  for (let i = 0; i < 3; i++) {
    take({ type: 'piece', id: `${i}`, of: 'anchor', offset: 0, total, bytes: much });
    take(moveOf(`${i}`, total));
  }
  t.strictSame(full, [true]);
  unpack();
  await until('all is told of', 5_000, () => told.length === 3);
  t.strictSame(full, [true, false]);
});

t.test(
  'one checkpoint is unpacked after the other, whatever their runs: little that comes must not be much at once',
  async (t) => {
    let [now, most] = [0, 0];
    const unpack = async (bytes: Uint8Array): Promise<Uint8Array> => {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setImmediate(resolve));
      now--;
      return bytes;
    };
    const { take, told } = receiver({ unpack });
    for (const id of ['a', 'b', 'c', 'a', 'b', 'c']) {
      take({ type: 'piece', id, of: 'anchor', offset: 0, total: 9, bytes: bytes(9, 1) });
      take(moveOf(id, 9));
      take({ ...moveOf(id, 0), message: { type: 'held', epoch: 1, point: 2 } });
    }
    await until('all is told of', 5_000, () => told.length === 12);
    t.equal(most, 1);
    const ofB = told.filter(({ id }) => id === 'b').map(({ message }) => message.type);
    t.strictSame(ofB, ['point', 'held', 'point', 'held'], 'each run’s in their order');
  },
);

t.test('a checkpoint of more bytes than its run may have is not sent, and not unpacked', async (t) => {
  const { moves, sent, failed } = sender({ most: () => 100 });
  moves.send(point('large', { anchor: bytes(101, 1) }));
  moves.send(point('small', { anchor: bytes(100, 1) }));
  await until('one is sent', 5_000, () => sent.some(({ type }) => type === 'move'));
  t.strictSame(failed, ['large: a checkpoint of this run may have 100 bytes: this one has 101']);
  t.strictSame(new Set(sent.map(({ id }) => id)), new Set(['small']));

  const asked: number[] = [];
  const unpack = (_: Uint8Array, most: number): Promise<Uint8Array> => {
    asked.push(most);
    return Promise.reject(new CheckpointTooLarge('it may have 100 bytes'));
  };
  const { take, told, broken, refused } = receiver({ unpack, most: () => 100 });
  for (const message of sent) take(message);
  await until('it is refused', 5_000, () => refused.length > 0);
  t.strictSame([asked, told, broken], [[100], [], []]);
  t.strictSame(refused, ['small: its checkpoint is too large: it may have 100 bytes']);

  const nobody = receiver({ unpack, most: () => undefined });
  for (const message of sent) nobody.take(message);
  await until('it is told of', 5_000, () => nobody.told.length > 0);
  t.match(nobody.told, [{ id: 'small', content: { anchor: undefined } }], 'of what nobody wants nothing is unpacked');
  t.equal(asked.length, 1);
});

t.test('a checkpoint that comes byte by byte takes no more than one that comes at once', (t) => {
  const { moves, told } = receiver();
  const total = 1_000_000;
  const one = bytes(1, 3);
  const collect = collector();
  collect();
  const before = process.memoryUsage();
  for (let offset = 0; offset < total; offset++) {
    moves.piece({ type: 'piece', id: 'a#1', of: 'anchor', offset, total, bytes: one });
  }
  collect();
  const after = process.memoryUsage();
  const grownBytes = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
  t.ok(grownBytes < 10 * total, `${grownBytes} bytes`);
  t.strictSame(told, []);
  // It is there until now.
  moves.close();
  t.end();
});

t.test('messages that wait for a checkpoint to be unpacked hold up the link before they are many', async (t) => {
  const result = { runId: 'r', outcome: { kind: 'completed' } } as unknown as NonNullable<Move['result']>;
  for (const [more, most] of [
    [{}, movingBytes / PROTOCOL_BOUNDS.moveBytes],
    [{ result }, movingBytes / PROTOCOL_BOUNDS.messageBytes],
  ] as const) {
    let unpacked = (): void => undefined;
    const unpacking = new Promise<void>((resolve) => (unpacked = resolve));
    const { take, told, full } = receiver({
      unpack: async (packed) => {
        await unpacking;
        return packed;
      },
    });
    take({ type: 'piece', id: 'a#1', of: 'anchor', offset: 0, total: 9, bytes: bytes(9, 1) });
    take(moveOf('a#1', 9));
    for (let i = 0; i <= most; i++) take({ ...moveOf('a#1', 0), ...more });
    t.strictSame(full, [true], `${most} messages`);
    unpacked();
    await until('all are told of', 5_000, () => told.length >= most + 2);
    t.strictSame(full, [true, false]);
  }
});

t.test('over another link nothing is unpacked before the last one has ended with it', async (t) => {
  let ended = (): void => undefined;
  const before = new Promise<void>((resolve) => (ended = resolve));
  const { take, told } = receiver({ before });
  take({ type: 'piece', id: 'a#1', of: 'anchor', offset: 0, total: 9, bytes: bytes(9, 1) });
  take(moveOf('a#1', 9));
  take(moveOf('b#1', 0));
  await new Promise((resolve) => setImmediate(resolve));
  t.strictSame(
    told.map(({ id }) => id),
    ['b#1'],
    'a message without a checkpoint waits for nobody',
  );
  ended();
  await until('it is told of', 5_000, () => told.length === 2);
});

/** @returns what has all memory collected that nobody needs. */
function collector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}
