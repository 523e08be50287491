/** What is said about runs that move, over one session: their checkpoints go in pieces, between all else. */
import type { Move, Piece, ProtocolError } from '../../provider/protocol/index.js';
import { IncomingMoves, OutgoingMoves, type MigrationMessage } from '../../provider/protocol/migration/index.js';
import { packCheckpointAside, unpackCheckpointAside } from '../../runtime/index.js';

export interface MovesParts extends Pick<
  ConstructorParameters<typeof OutgoingMoves>[0],
  'send' | 'bufferedBytes' | 'after' | 'before' | 'failed' | 'most'
> {
  /** The provider sent a checkpoint that no run with these limits has. */
  readonly tooLarge: (reason: string) => void;
  readonly told: (message: MigrationMessage) => void;
  /** More has come than should wait here, or no longer: the link is to be left alone meanwhile. */
  readonly full: (isFull: boolean) => void;
  /** The provider sent what is no checkpoint. */
  readonly broken: (error: ProtocolError) => void;
}

export class Moves {
  readonly #outgoing: OutgoingMoves;
  readonly #incoming: IncomingMoves;

  constructor({ send, bufferedBytes, after, before, failed, most, told, tooLarge, full, broken }: MovesParts) {
    this.#outgoing = new OutgoingMoves({ send, bufferedBytes, after, before, pack: packCheckpointAside, failed, most });
    this.#incoming = new IncomingMoves({
      unpack: unpackCheckpointAside,
      most,
      told,
      tooLarge: ({ id }, reason) => tooLarge(`${id}: ${reason}`),
      full,
      broken,
    });
  }

  /** @returns whether it is taken; what is not, is lost. */
  send(message: MigrationMessage): boolean {
    return this.#outgoing.send(message);
  }

  isSending(id: string): boolean {
    return this.#outgoing.isSending(id);
  }

  /** @throws ProtocolError when it cannot be right. */
  receive(message: Move | Piece): void {
    if (message.type === 'piece') this.#incoming.piece(message);
    else this.#incoming.move(message);
  }

  close(): void {
    this.#outgoing.close();
    this.#incoming.close();
  }
}
