/**
 * Messages about runs that move, on their way over one link: their checkpoints
 * are packed and cut into pieces, which take turns, and none is added while the
 * link holds much. So a large one holds up neither beats nor other runs.
 *
 * Of one run, one message goes after the other. A message that waits until it is
 * kept has its checkpoints go ahead. What is under way when the link is lost is
 * forgotten.
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
  readonly waiting: Entry[];
  /** Of the first of them, when it is packed. */
  packed: Packed | undefined;
}

interface Entry {
  readonly message: MigrationMessage;
  isPacking: boolean;
  /** It may be said. */
  isKept: boolean;
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
      if (this.#lines.size >= PROTOCOL_BOUNDS.linesWaiting) return false;
      line = { id: message.id, waiting: [], packed: undefined };
      this.#lines.set(message.id, line);
    }
    if (line.waiting.length >= PROTOCOL_BOUNDS.movesWaiting) return false;
    this.#add(line, message);
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

  #add({ id, waiting }: Line, message: MigrationMessage): void {
    const { kept } = message;
    const entry: Entry = { message, isPacking: false, isKept: kept === undefined };
    waiting.push(entry);
    const mayBeSaid = (): void => {
      entry.isKept = true;
      this.#pump();
    };
    kept?.then(mayBeSaid, () => this.#drop(id, entry));
  }

  /** What has gone of it is let go over there, with the next. */
  #drop(id: string, entry: Entry): void {
    const line = this.#lines.get(id);
    const index = line?.waiting.indexOf(entry) ?? -1;
    if (line === undefined || index < 0) return;
    line.waiting.splice(index, 1);
    if (index === 0) this.#next(line);
    this.#pump();
  }

  #prepare(line: Line): void {
    const [entry] = line.waiting;
    if (entry === undefined || entry.isPacking || line.packed !== undefined) return;
    const { anchor, difference } = entry.message.content;
    if (anchor === undefined && difference === undefined) {
      line.packed = packedOf(entry.message, []);
      return;
    }
    entry.isPacking = true;
    void this.#pack(line, entry);
  }

  async #pack(line: Line, entry: Entry): Promise<void> {
    const { pack, failed } = this.#parts;
    const { message } = entry;
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
      if (line.waiting[0] === entry) line.packed = packedOf(message, blobs);
    } catch (error) {
      if (line.waiting[0] === entry) this.#over(line);
      failed(line.id, error instanceof Error ? error.message : String(error));
    }
    if (!this.#isClosed) this.#pump();
  }

  /** Its first message is over and done with. */
  #over(line: Line): void {
    line.waiting.shift();
    this.#next(line);
  }

  /** The line's next message, or its end. */
  #next(line: Line): void {
    if (line.packed?.hasBegun === true) {
      this.#begun--;
      this.#begunBytes -= line.packed.bytes;
    }
    line.packed = undefined;
    if (line.waiting.length === 0) this.#lines.delete(line.id);
    else if (!this.#isClosed) this.#prepare(line);
  }

  #pump(): void {
    for (let isProgress = true; isProgress && !this.#isClosed;) {
      isProgress = false;
      for (const line of this.#lines.values()) {
        if (line.packed === undefined || !this.#mayGo(line, line.packed)) continue;
        if (this.#parts.bufferedBytes() > PROTOCOL_BOUNDS.movingBufferedBytes) return this.#pumpLater();
        if (this.#parts.before?.(line.packed.move.task) === false) return this.#pumpLater();
        this.#tryStep(line, line.packed);
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

  #mayGo({ waiting: [first] }: Line, packed: Packed): boolean {
    const isAllThere = packed.blob === packed.blobs.length;
    return isAllThere ? first?.isKept === true : this.#mayBegin(packed);
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

  /** Nobody waits for it who could hear of an error. */
  #tryStep(line: Line, packed: Packed): void {
    try {
      this.#step(line, packed);
    } catch (error) {
      this.#over(line);
      this.#parts.failed(line.id, error instanceof Error ? error.message : String(error));
    }
  }

  /** Sends a piece, or the message behind the last one. */
  #step(line: Line, packed: Packed): void {
    const blob = packed.blobs[packed.blob];
    if (blob === undefined) {
      this.#sendMove(packed.move);
      return this.#over(line);
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
