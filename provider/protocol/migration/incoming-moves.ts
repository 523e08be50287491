/**
 * Messages about runs that move, as they come over one link: pieces are put
 * together, and checkpoints unpacked. Of one run, one message is told of after
 * the other.
 */
import { CheckpointFault, CheckpointTooLarge, type Bytes } from '../../../runtime/index.js';
import { ProtocolError } from '../errors.js';
import { PROTOCOL_BOUNDS } from '../limits.js';
import type { Move, Piece } from '../messages.js';
import type { MigrationMessage } from './ports.js';

interface IncomingMovesParts {
  /** Bytes that a checkpoint of this run may have when it is unpacked; undefined when none is looked at. */
  readonly most: (move: Pick<Move, 'id' | 'task'>) => Bytes | undefined;
  /** @param most bytes that it may have then. @throws CheckpointFault */
  readonly unpack: (checkpoint: Uint8Array, most: Bytes) => Promise<Uint8Array>;
  /** @param revision See `Move`. */
  readonly told: (message: MigrationMessage, revision: number | undefined) => void;
  /** Told in place of a message whose checkpoint has more than that: it is not unpacked. */
  readonly tooLarge: (message: MigrationMessage, reason: string) => void;
  /** More is there than should wait to be unpacked, or no longer: the link is to be left alone meanwhile. */
  readonly full: (isFull: boolean) => void;
  /** The other side sent what is no checkpoint: it ends the session. */
  readonly broken: (error: ProtocolError) => void;
  /** Nothing is unpacked before it resolves. Default: at once. */
  readonly before?: Promise<unknown> | undefined;
}

/** A checkpoint that is on its way, or has come and waits for its message. */
interface Arriving {
  readonly total: Bytes;
  /** With room for more: as many pieces as there are bytes would take a hundred times as much by themselves. */
  bytes: Uint8Array;
  received: Bytes;
}

/** Of one run. */
type Arrivals = { [of in Piece['of']]?: Arriving | undefined };

export class IncomingMoves {
  readonly #parts: IncomingMovesParts;
  readonly #arrivals = new Map<string, Arrivals>();
  /** Messages that wait for a checkpoint to be unpacked, of a run. */
  readonly #unpacking = new Map<string, Promise<void>>();
  /** The last of all: one checkpoint is unpacked after the other, as each may become much. */
  #last: Promise<unknown>;
  /** What is said to come, and of which the message has not come. */
  #bytes: Bytes = 0;
  /** What has come, and has not been told of. */
  #unpackingBytes: Bytes = 0;
  #isClosed = false;

  constructor(parts: IncomingMovesParts) {
    this.#parts = parts;
    this.#last = parts.before ?? Promise.resolve();
  }

  /**
   * A first piece that comes again begins the checkpoint anew: its message was not said.
   * @throws ProtocolError 'out-of-turn' or 'quota'
   */
  piece({ id, of, offset, total, bytes }: Piece): void {
    const arrivals = this.#arrivalsOf(id);
    if (offset === 0) this.#letGo(arrivals, of);
    const arriving = arrivals[of] ?? this.#begin(arrivals, of, total);
    if (offset !== arriving.received || total !== arriving.total) {
      const expected = `A piece of the ${of} of ${id} must begin at ${arriving.received} of ${arriving.total}`;
      throw new ProtocolError('out-of-turn', `${expected}: it begins at ${offset} of ${total}`);
    }
    if (bytes.length === 0 || offset + bytes.length > total) {
      const expected = `A piece of the ${of} of ${id} must have from 1 to ${total - offset} bytes`;
      throw new ProtocolError('out-of-turn', `${expected}: it has ${bytes.length}`);
    }
    arriving.bytes = withRoom(arriving, bytes.length);
    arriving.bytes.set(bytes, offset);
    arriving.received += bytes.length;
  }

  /** @throws ProtocolError 'out-of-turn' when its checkpoints are not there. */
  move(move: Move): void {
    const anchor = this.#take(move, 'anchor', move.anchorBytes);
    const difference = this.#take(move, 'difference', move.differenceBytes);
    this.#arrivals.delete(move.id);
    const ofItsRun = this.#unpacking.get(move.id);
    const isBare = anchor === undefined && difference === undefined;
    if (ofItsRun === undefined && isBare) {
      this.#parts.told(messageOf(move, { result: move.result }), move.revision);
      return;
    }
    this.#note(weightOf(move));
    const before = isBare ? ofItsRun : Promise.all([this.#last, ofItsRun]);
    const after = this.#unpack(before, move, { anchor, difference });
    if (!isBare) this.#last = after;
    this.#unpacking.set(move.id, after);
    void after.finally(() => {
      if (this.#unpacking.get(move.id) === after) this.#unpacking.delete(move.id);
    });
  }

  /** Resolves when nothing is unpacked any more, after `close`. */
  get unpacked(): Promise<unknown> {
    return this.#last;
  }

  /** Tells of nothing more. */
  close(): void {
    this.#isClosed = true;
    this.#arrivals.clear();
  }

  async #unpack(
    before: Promise<unknown> | undefined,
    move: Move,
    packed: { readonly anchor: Uint8Array | undefined; readonly difference: Uint8Array | undefined },
  ): Promise<void> {
    const { unpack, told, tooLarge, broken } = this.#parts;
    await before;
    const most = this.#isClosed ? undefined : this.#parts.most(move);
    const unpacked = async (bytes: Uint8Array | undefined): Promise<Uint8Array | undefined> =>
      bytes === undefined || most === undefined
        ? undefined
        : unpack(bytes, Math.min(most, PROTOCOL_BOUNDS.checkpointBodyBytes));
    try {
      const anchor = await unpacked(packed.anchor);
      const difference = await unpacked(packed.difference);
      this.#note(-weightOf(move));
      if (!this.#isClosed) told(messageOf(move, { anchor, difference, result: move.result }), move.revision);
    } catch (error) {
      if (this.#isClosed) return;
      if (!(error instanceof CheckpointFault)) {
        const reason = error instanceof Error ? error.message : String(error);
        return broken(new ProtocolError('internal', `What is said of ${move.id} cannot be dealt with: ${reason}`));
      }
      if (error instanceof CheckpointTooLarge) {
        this.#note(-weightOf(move));
        tooLarge(messageOf(move, {}), `its checkpoint is too large: ${error.message}`);
      } else broken(new ProtocolError('malformed', `A checkpoint of ${move.id} is none: ${error.message}`));
    }
  }

  #note(bytes: Bytes): void {
    const { movingBytes: most } = PROTOCOL_BOUNDS;
    const wasFull = this.#unpackingBytes > most;
    this.#unpackingBytes += bytes;
    const isFull = this.#unpackingBytes > most;
    if (isFull !== wasFull) this.#parts.full(isFull);
  }

  #arrivalsOf(id: string): Arrivals {
    const known = this.#arrivals.get(id);
    if (known !== undefined) return known;
    if (this.#arrivals.size >= PROTOCOL_BOUNDS.movingAtOnce) {
      const most = `Checkpoints of at most ${PROTOCOL_BOUNDS.movingAtOnce} runs may be on their way`;
      throw new ProtocolError('quota', most);
    }
    const arrivals: Arrivals = {};
    this.#arrivals.set(id, arrivals);
    return arrivals;
  }

  #begin(arrivals: Arrivals, of: Piece['of'], total: Bytes): Arriving {
    const { movingBytes } = PROTOCOL_BOUNDS;
    if (this.#bytes + total > movingBytes) {
      const most = `Checkpoints that are on their way may have ${movingBytes} bytes together`;
      throw new ProtocolError('quota', `${most}: they would have ${this.#bytes + total}`);
    }
    this.#bytes += total;
    return (arrivals[of] = { total, bytes: new Uint8Array(), received: 0 });
  }

  /** What has come of a message that was not said after all. */
  #letGo(arrivals: Arrivals, of: Piece['of']): void {
    this.#bytes -= arrivals[of]?.total ?? 0;
    arrivals[of] = undefined;
  }

  #take({ id }: Move, of: Piece['of'], bytes: Bytes): Uint8Array | undefined {
    const arrivals = this.#arrivals.get(id) ?? {};
    const { received, total, bytes: arrived } = arrivals[of] ?? { received: 0, total: 0, bytes: undefined };
    this.#letGo(arrivals, of);
    if (bytes === 0) return undefined;
    if (received === bytes && total === bytes) return arrived;
    const expected = `All of the ${of} of ${id} must have come before its message, ${bytes} bytes`;
    throw new ProtocolError('out-of-turn', `${expected}: ${received} of ${total} have`);
  }
}

/** In memory of its own: whoever has it may hand that over. It doubles, and is believed to become no larger than was said. */
function withRoom({ bytes, received, total }: Arriving, more: Bytes): Uint8Array {
  if (received + more <= bytes.length) return bytes;
  const larger = new Uint8Array(Math.min(total, Math.max(received + more, 2 * bytes.length)));
  larger.set(bytes.subarray(0, received));
  return larger;
}

/** What a message takes that waits, at the most. */
function weightOf({ anchorBytes, differenceBytes, result }: Move): Bytes {
  const { messageBytes, moveBytes } = PROTOCOL_BOUNDS;
  return anchorBytes + differenceBytes + (result === undefined ? moveBytes : messageBytes);
}

function messageOf(
  { id, task, message, leftOut, terms, why }: Move,
  content: MigrationMessage['content'],
): MigrationMessage {
  return { id, task, message, leftOut, terms, why, content };
}
