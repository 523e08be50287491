/**
 * Messages about runs that move, on their way over one link: their checkpoints
 * are packed and cut into pieces, which take turns, and none is added while the
 * link holds much. So a large one holds up neither beats nor other runs.
 *
 * Of one run, one message goes after the other. What is under way when the link
 * is lost is forgotten.
 */
import type { Bytes } from '../../../runtime/index.js';
import { ProtocolError } from '../errors.js';
import { PROTOCOL_BOUNDS, PROTOCOL_TIMES } from '../limits.js';
import type { Move, Piece } from '../messages.js';
import { smallerResults } from '../smaller-results.js';
import type { MigrationMessage } from './ports.js';

interface OutgoingMovesParts {
  /** Bytes that a checkpoint of this run may have, not packed: the other side takes no more. Undefined when none is known. */
  readonly most: (message: Pick<MigrationMessage, 'id' | 'task'>) => Bytes | undefined;
  /** @throws ProtocolError 'too-large' */
  readonly send: (message: Move | Piece) => void;
  /** What the link holds that the network has not taken. */
  readonly bufferedBytes: () => Bytes;
  readonly after: (ms: number, then: () => void) => void;
  /** Sends what is to be there before a message about a run of a task. @returns whether all of it has gone. Default: there is nothing. */
  readonly before?: ((task: string) => boolean) | undefined;
  /** Makes a checkpoint small. */
  readonly pack: (checkpoint: Uint8Array) => Promise<Uint8Array>;
  /** Told of a message that cannot be sent, once. */
  readonly failed: (id: string, reason: string) => void;
}

/** The messages about one run. */
interface Line {
  readonly id: string;
  readonly waiting: MigrationMessage[];
  /** The first of them is being packed. */
  isPacking: boolean;
  packed: Packed | undefined;
}

interface Packed {
  readonly move: Move;
  readonly blobs: readonly { readonly of: Piece['of']; readonly bytes: Uint8Array }[];
  /** Of all of them. */
  readonly bytes: Bytes;
  hasBegun: boolean;
  blob: number;
  offset: number;
}

export class OutgoingMoves {
  readonly #parts: OutgoingMovesParts;
  /** In the order of their turns. */
  readonly #lines = new Map<string, Line>();
  #begun = 0;
  #begunBytes: Bytes = 0;
  #isWaiting = false;
  #isClosed = false;

  constructor(parts: OutgoingMovesParts) {
    this.#parts = parts;
  }

  /** @returns whether it is taken; what is not, is lost. */
  send(message: MigrationMessage): boolean {
    if (this.#isClosed) return false;
    let line = this.#lines.get(message.id);
    if (line === undefined) {
      line = { id: message.id, waiting: [], isPacking: false, packed: undefined };
      this.#lines.set(message.id, line);
    }
    if (line.waiting.length >= PROTOCOL_BOUNDS.movesWaiting) return false;
    line.waiting.push(message);
    this.#prepare(line);
    this.#pump();
    return true;
  }

  /** Whether a message about this run is not yet with the link. */
  isSending(id: string): boolean {
    return this.#lines.has(id);
  }

  /** Forgets what has not been sent. */
  close(): void {
    this.#isClosed = true;
    this.#lines.clear();
  }

  #prepare(line: Line): void {
    const [message] = line.waiting;
    if (message === undefined || line.isPacking || line.packed !== undefined) return;
    const { anchor, difference } = message.content;
    if (anchor === undefined && difference === undefined) {
      line.packed = packedOf(message, []);
      return;
    }
    line.isPacking = true;
    void this.#pack(line, message);
  }

  async #pack(line: Line, message: MigrationMessage): Promise<void> {
    const { pack, failed } = this.#parts;
    try {
      const most = Math.min(this.#parts.most(message) ?? Infinity, PROTOCOL_BOUNDS.checkpointBodyBytes);
      const blobs = [];
      for (const of of ['anchor', 'difference'] as const) {
        const checkpoint = message.content[of];
        if (checkpoint === undefined) continue;
        if (checkpoint.length > most) {
          const expected = `a checkpoint of this run may have ${Math.floor(most)} bytes`;
          throw new ProtocolError('too-large', `${expected}: this one has ${checkpoint.length}`);
        }
        const bytes = await pack(checkpoint);
        if (bytes.length > PROTOCOL_BOUNDS.checkpointBytes) {
          const most = `a checkpoint on its way may have ${PROTOCOL_BOUNDS.checkpointBytes} bytes`;
          throw new ProtocolError('too-large', `${most}: this one has ${bytes.length}`);
        }
        blobs.push({ of, bytes });
      }
      line.packed = packedOf(message, blobs);
    } catch (error) {
      line.waiting.shift();
      failed(line.id, error instanceof Error ? error.message : String(error));
    }
    line.isPacking = false;
    if (this.#isClosed) return;
    this.#goOn(line);
    this.#pump();
  }

  /** The line's next message, or its end. */
  #goOn(line: Line): void {
    this.#prepare(line);
    if (line.waiting.length === 0) this.#lines.delete(line.id);
  }

  #pump(): void {
    for (let isProgress = true; isProgress && !this.#isClosed;) {
      isProgress = false;
      for (const line of this.#lines.values()) {
        if (line.packed === undefined || !this.#mayBegin(line.packed)) continue;
        if (this.#parts.bufferedBytes() > PROTOCOL_BOUNDS.movingBufferedBytes) return this.#pumpLater();
        if (this.#parts.before?.(line.packed.move.task) === false) return this.#pumpLater();
        this.#step(line, line.packed);
        isProgress = true;
      }
    }
  }

  #pumpLater(): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    this.#parts.after(PROTOCOL_TIMES.movingAgainMs, () => {
      this.#isWaiting = false;
      this.#pump();
    });
  }

  /** The other side holds no more unfinished checkpoints than this. */
  #mayBegin(packed: Packed): boolean {
    if (packed.hasBegun || packed.bytes === 0) return true;
    const { movingBytes, movingAtOnce } = PROTOCOL_BOUNDS;
    if (this.#begun >= movingAtOnce || this.#begunBytes + packed.bytes > movingBytes) return false;
    this.#begun++;
    this.#begunBytes += packed.bytes;
    packed.hasBegun = true;
    return true;
  }

  /** Sends a piece, or the message behind the last one. */
  #step(line: Line, packed: Packed): void {
    const blob = packed.blobs[packed.blob];
    if (blob === undefined) {
      if (packed.hasBegun) {
        this.#begun--;
        this.#begunBytes -= packed.bytes;
      }
      line.packed = undefined;
      line.waiting.shift();
      this.#sendMove(packed.move);
      return this.#goOn(line);
    }
    const { of, bytes } = blob;
    const { offset } = packed;
    const piece = bytes.subarray(offset, offset + PROTOCOL_BOUNDS.chunkBytes);
    packed.offset += piece.length;
    if (packed.offset === bytes.length) [packed.blob, packed.offset] = [packed.blob + 1, 0];
    this.#parts.send({ type: 'piece', id: line.id, of, offset, total: bytes.length, bytes: piece });
  }

  #sendMove(move: Move): void {
    const results = move.result === undefined ? [undefined] : smallerResults(move.result);
    for (const result of results) {
      try {
        return this.#parts.send({ ...move, result });
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        if (result === results.at(-1)) this.#parts.failed(move.id, error.message);
      }
    }
  }
}

function packedOf({ content, ...said }: MigrationMessage, blobs: Packed['blobs']): Packed {
  const bytesOf = (of: Piece['of']): Bytes => blobs.find((blob) => blob.of === of)?.bytes.length ?? 0;
  const [anchorBytes, differenceBytes] = [bytesOf('anchor'), bytesOf('difference')];
  const move: Move = {
    type: 'move',
    id: said.id,
    task: said.task,
    message: said.message,
    leftOut: said.leftOut,
    terms: said.terms,
    why: said.why?.slice(0, PROTOCOL_BOUNDS.messageLength),
    result: content.result,
    anchorBytes,
    differenceBytes,
  };
  return { move, blobs, bytes: anchorBytes + differenceBytes, hasBegun: false, blob: 0, offset: 0 };
}
