/** What a session says and hears of runs that move. */
import { packCheckpointAside, unpackCheckpointAside, type Bytes } from '../../runtime/index.js';
import type { Link } from '../link.js';
import type { Move, Piece, ProtocolError, TaskSpec } from '../protocol/index.js';
import { IncomingMoves, OutgoingMoves } from '../protocol/migration/index.js';
import type { Replica } from '../replica/replica.js';
import type { HubMigrations, MigrationSession } from './hub-migrations.js';
import type { MigrationTimer } from './moved-run.js';

export interface SessionMovesParts {
  readonly link: Link;
  readonly migrations: HubMigrations;
  readonly timer: MigrationTimer;
  readonly replica: Replica;
  /** @throws ProtocolError 'too-large' */
  readonly send: (message: Move | Piece) => void;
  /** A task that is ready. */
  readonly task: (name: string) => TaskSpec | undefined;
  /** One may have gone home. */
  readonly changed: () => void;
  /** Resolves when an earlier session of the hub unpacks nothing any more. */
  readonly before: Promise<unknown>;
  /** The hub has sent what is no checkpoint. */
  readonly broken: (error: ProtocolError) => void;
}

export class SessionMoves {
  readonly #parts: SessionMovesParts;
  readonly #session: MigrationSession;
  readonly #incoming: IncomingMoves;
  readonly #outgoing: OutgoingMoves;

  constructor(parts: SessionMovesParts) {
    const { link, migrations, timer, replica, send, task, changed, before, broken } = parts;
    this.#parts = parts;
    const most = ({ id, task: name }: Pick<Move, 'id' | 'task'>): Bytes | undefined => migrations.mostBytes(id, name);
    this.#outgoing = new OutgoingMoves({
      most,
      send,
      bufferedBytes: () => link.bufferedBytes,
      after: (ms, then) => void timer.after(ms, then),
      pack: packCheckpointAside,
      failed: (id, reason) => migrations.unsent(id, reason),
    });
    this.#incoming = new IncomingMoves({
      most,
      tooLarge: (message, reason) => migrations.refuse(message, reason),
      unpack: unpackCheckpointAside,
      told: (message, revision) => migrations.receive(message, revision),
      full: (isFull) => (isFull ? link.pause() : link.resume()),
      broken,
      before,
    });
    this.#session = {
      send: (message) => this.#outgoing.send(message),
      isSending: (id) => this.#outgoing.isSending(id),
      task,
      replica,
      changed,
    };
    migrations.begin(this.#session);
  }

  /** @throws ProtocolError */
  piece(piece: Piece): void {
    this.#incoming.piece(piece);
  }

  /** @throws ProtocolError */
  move(move: Move): void {
    this.#incoming.move(move);
  }

  /** Resolves when nothing is unpacked any more, after `close`. */
  get unpacked(): Promise<unknown> {
    return this.#incoming.unpacked;
  }

  /** The session is over. */
  close(): void {
    this.#incoming.close();
    this.#outgoing.close();
    this.#parts.migrations.end(this.#session);
  }
}
