/** A hub's end of a session that says what a test wants of runs that move, whether or not it is allowed. */
import { IncomingMoves, OutgoingMoves, type MigrationMessage } from '../../../provider/protocol/migration/index.js';
import {
  PROTOCOL_BOUNDS,
  type JoinToken,
  type Move,
  type Piece,
  type SigningKey,
  type TaskSpec,
} from '../../../provider/protocol/index.js';
import type { PointMessage } from '../../../provider/protocol/responsibility/messages.js';
import { packCheckpointAside, unpackCheckpointAside } from '../../../runtime/index.js';
import { until } from '../../runtime/eventually.js';
import { RawHub } from '../raw-hub.js';

type Said = MigrationMessage['message'];

export const TERMS = { pointMs: 100, reclaimMs: 60_000, isForHere: false, expectedFuel: 0 } as const;

export class MovingHub {
  readonly raw: RawHub;
  readonly #told: MigrationMessage[] = [];
  /** Messages that have come and are not told of yet: some are unpacked first. */
  #untold = 0;
  readonly #incoming: IncomingMoves;
  readonly #outgoing: OutgoingMoves;
  #beats: NodeJS.Timeout | undefined;
  /** The state that runs are to see; undefined for any. */
  revision: number | undefined;

  constructor(token: JoinToken, key: SigningKey) {
    this.raw = new RawHub(token, key);
    // A run goes on while its hub configures another version.
    this.raw.passedOver = (message) => {
      if (message.type === 'move' || message.type === 'piece') this.#take(message);
    };
    this.#incoming = new IncomingMoves({
      unpack: unpackCheckpointAside,
      most: () => Infinity,
      tooLarge: (_, reason) => {
        throw new Error(reason);
      },
      told: (message) => {
        this.#untold--;
        this.#told.push(message);
      },
      full: () => undefined,
      broken: (error) => {
        throw error;
      },
    });
    this.#outgoing = new OutgoingMoves({
      send: (message) => this.raw.send(message.type === 'move' ? { ...message, revision: this.revision } : message),
      bufferedBytes: () => 0,
      after: (ms, then) => void setTimeout(then, ms),
      pack: packCheckpointAside,
      most: () => undefined,
      failed: (id, reason) => {
        throw new Error(`${id}: ${reason}`);
      },
    });
  }

  /** Says hello, has these tasks installed, and beats until it is cut. */
  async open(specs: readonly TaskSpec[], component: Uint8Array): ReturnType<RawHub['open']> {
    const welcome = await this.raw.open();
    let beat = 0;
    this.#beats = setInterval(() => this.raw.send({ type: 'beat', beat: beat++ }), welcome.heartbeatMs / 2);
    await this.raw.configure(1, specs, component);
    await this.raw.next('ready');
    return welcome;
  }

  say(id: string, task: string, message: Said, more: Partial<MigrationMessage> = {}): void {
    this.#outgoing.send({ id, task, message, content: {}, terms: { ...TERMS }, ...more });
  }

  /** Says a point with an anchor that is packed already, whatever it is. */
  sayPacked(id: string, task: string, message: Said, anchor: Uint8Array): void {
    const { chunkBytes } = PROTOCOL_BOUNDS;
    const total = anchor.length;
    for (let offset = 0; offset < total; offset += chunkBytes) {
      const bytes = anchor.subarray(offset, offset + chunkBytes);
      this.raw.send({ type: 'piece', id, of: 'anchor', offset, total, bytes });
    }
    const said = {
      type: 'move',
      id,
      task,
      message,
      terms: { ...TERMS },
      anchorBytes: total,
      differenceBytes: 0,
    } as const;
    this.raw.send({ ...said, leftOut: undefined, why: undefined, result: undefined, revision: undefined });
  }

  /** Resolves when all that was said is with the link. */
  async said(id: string): Promise<void> {
    await until(`all of ${id} is sent`, 10_000, () => !this.#outgoing.isSending(id));
  }

  /** What the provider says next of a run. Of other runs nothing is expected. */
  async hear(): Promise<MigrationMessage> {
    for (;;) {
      const told = this.#told.shift();
      if (told !== undefined) return told;
      if (this.#untold > 0) await until('it is unpacked', 30_000, () => this.#told.length > 0);
      else this.#take(await this.raw.next('move', 'piece'));
    }
  }

  #take(message: Move | Piece): void {
    if (message.type === 'piece') return this.#incoming.piece(message);
    this.#untold++;
    this.#incoming.move(message);
  }

  /** The next of a kind, passing over others. */
  async hearA<Type extends Said['type']>(
    type: Type,
  ): Promise<MigrationMessage & { readonly message: Extract<Said, { readonly type: Type }> }> {
    for (;;) {
      const heard = await this.hear();
      if (isA(heard, type)) return heard;
    }
  }

  cut(): void {
    clearInterval(this.#beats);
    this.#outgoing.close();
    this.raw.cut();
  }
}

function isA<Type extends Said['type']>(
  heard: MigrationMessage,
  type: Type,
): heard is MigrationMessage & { readonly message: Extract<Said, { readonly type: Type }> } {
  return heard.message.type === type;
}

/** The hub's first point, which hands the run over. */
export function offer(change: Partial<PointMessage> = {}): PointMessage {
  return {
    type: 'point',
    epoch: 0,
    base: 0,
    from: 0,
    point: 1,
    whole: true,
    responsible: 'hub',
    mode: 'synchronous',
    offer: true,
    end: false,
    ...change,
  };
}
