/** One hub's session: its messages in, and to whom each goes. */
import type { Runtime } from '../runtime/index.js';
import type { ComponentStore } from './components.js';
import { Configuring } from './configuring.js';
import type { FairQueue } from './fair-queue.js';
import type { Installations } from './installations.js';
import type { Link } from './link.js';
import { SessionMoves, type HubMigrations, type MigrationTimer } from './migrations/index.js';
import type { ProviderPolicy } from './policy.js';
import {
  encodeProviderMessage,
  nextState,
  PROTOCOL_BOUNDS,
  ProtocolError,
  type HubMessage,
  type ProtocolErrorCode,
  type ProviderMessage,
  type SessionInput,
  type SessionState,
} from './protocol/index.js';
import type { Replica } from './replica/replica.js';
import { SessionRuns } from './session-runs.js';
import type { Speed } from './speed.js';

export interface SessionParts {
  readonly link: Link;
  /** The hub's public key, in hex. */
  readonly hub: string;
  readonly runtime: Pick<Runtime, 'run'>;
  readonly queue: FairQueue;
  readonly components: ComponentStore;
  readonly installations: Installations;
  readonly replica: Replica;
  readonly policy: ProviderPolicy;
  readonly speed: Speed;
  /** Of this hub. */
  readonly migrations: HubMigrations;
  readonly timer: MigrationTimer;
  /** Of an earlier session of the hub. */
  readonly before: UnderWay;
  /** Milliseconds, monotonic. */
  readonly nowMs: () => number;
  /** Called once, when the session is over. */
  readonly ended: (code: ProtocolErrorCode | 'done', message: string) => void;
}

/** What may be under way of a session that is over: the hub's next one waits for it, so that coming again piles up nothing. */
export interface UnderWay {
  /** Resolves when none of its components is prepared. */
  readonly configured: Promise<void>;
  /** Resolves when none of its checkpoints is unpacked. */
  readonly unpacked: Promise<unknown>;
}

export class Session {
  readonly #parts: SessionParts;
  readonly #configuring: Configuring;
  readonly #runs: SessionRuns;
  readonly #moves: SessionMoves;
  #state: SessionState;
  /** The provider stops: runs that moved here are to go home. */
  #isStopping = false;

  /** @param state As it is after the hello. */
  constructor(parts: SessionParts, state: SessionState) {
    this.#parts = parts;
    this.#state = state;
    const send = (message: ProviderMessage): void => this.#send(message);
    const failed = (error: unknown): void => this.#failed(error);
    const changed = (): void => this.#endIfDrained();
    this.#configuring = new Configuring({
      ...parts,
      before: parts.before.configured,
      send,
      failed,
      received: () => this.#received(),
      ready: (tasks, message) => {
        this.#runs.replaceTasks(tasks);
        this.#advance({ type: 'provisioned' });
        send(message);
        parts.migrations.linked();
      },
    });
    this.#runs = new SessionRuns({ ...parts, answered: changed, failed });
    this.#moves = new SessionMoves({
      ...parts,
      before: parts.before.unpacked,
      send,
      task: (name) => this.#runs.task(name)?.spec,
      changed,
      broken: failed,
    });
  }

  get isOver(): boolean {
    return this.#state.phase === 'closed';
  }

  get underWay(): UnderWay {
    return { configured: this.#configuring.settled, unpacked: this.#moves.unpacked };
  }

  /** @throws ProtocolError that ends the session: the caller closes it. */
  receive(message: HubMessage): void {
    if (message.type === 'close') return this.#end(message.code, message.message);
    this.#advance(message);
    switch (message.type) {
      case 'hello':
        return;
      case 'configure':
        return this.#configuring.configure(message);
      case 'proofs':
        return this.#configuring.prove(message);
      case 'chunk':
        return this.#configuring.take(message);
      case 'state':
        if (message.reset) this.#parts.replica.reset();
        this.#parts.replica.apply(message);
        this.#parts.migrations.stateCame();
        return this.#runs.stateCame();
      case 'runs':
        for (const run of message.runs) this.#runs.take(run);
        return;
      case 'cancel':
        return this.#runs.cancel(message.n);
      case 'piece':
        return this.#moves.piece(message);
      case 'move':
        return this.#moves.move(message);
      case 'beat':
        this.#send({ type: 'beat', beat: message.beat, queueMs: this.#runs.expectedWaitMs });
        return this.#parts.queue.pump();
      case 'drain':
        return this.#endIfDrained();
    }
  }

  /** The provider stops: no more runs are to be sent. */
  drain(reason: string): void {
    this.#isStopping = true;
    this.#send({ type: 'draining', reason });
    this.#parts.migrations.sendHome();
  }

  /** Ends the session, and says why. Idempotent. */
  close(code: ProtocolErrorCode | 'done', message: string): void {
    if (this.isOver) return;
    this.#runs.flush();
    this.#send({ type: 'close', code, message: message.slice(0, PROTOCOL_BOUNDS.messageLength) });
    this.#end(code, message);
  }

  /** The link is gone: its runs are the hub's again. */
  lost(message: string): void {
    this.#end('lease', message);
  }

  #end(code: ProtocolErrorCode | 'done', message: string): void {
    if (this.isOver) return;
    const { link, ended } = this.#parts;
    this.#state = nextState(this.#state, { type: 'close' });
    this.#moves.close();
    this.#configuring.close();
    this.#runs.close();
    link.close();
    ended(code, message);
  }

  #advance(input: SessionInput): void {
    this.#state = nextState(this.#state, input);
  }

  /** All components of a configuration have come. @returns whether they are waited for. */
  #received(): boolean {
    if (this.#state.configuring !== 'receiving') return false;
    this.#advance({ type: 'received' });
    return true;
  }

  #send(message: ProviderMessage): void {
    if (!this.isOver) this.#parts.link.send(encodeProviderMessage(message));
  }

  /** It ends the session: where the hub is at fault, with its code. */
  #failed(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    this.close(error instanceof ProtocolError ? error.code : 'internal', message);
  }

  #endIfDrained(): void {
    if (this.#state.phase !== 'draining' || this.#runs.size > 0) return;
    // Runs that moved here go on without a session, unless the provider ends with it.
    if (this.#isStopping && this.#parts.migrations.executing > 0) return;
    this.close('done', 'all runs are answered');
  }
}
