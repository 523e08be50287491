import type { Side } from '../responsibility/index.js';
import type { Channel, Host, MigrationMessage, StubKeeper, StubRecord, Terms } from './ports.js';

export interface MigratingRunParts {
  readonly side: Side;
  readonly id: string;
  /** The task's name in the session. */
  readonly task: string;
  readonly host: Host;
  readonly stubs: StubKeeper;
  readonly channel: Channel;
  /** Monotonic milliseconds, and calls at a later moment of them. */
  readonly timer: { nowMs(): number; after(ms: number, then: () => void): () => void };
  /** How long a side may hear nothing before it takes the link for dead: `welcome.leaseMs`. */
  readonly leaseMs: number;
  /** Told whenever `status` may have changed. */
  readonly changed: () => void;
  /** Told when the run cannot go on here, and why: a disk that fails, or a checkpoint that is refused. */
  readonly failed: (reason: string) => void;
}

/** Where a run is, as this side knows it. */
export interface MigrationStatus {
  readonly executes: Side;
  /** Whether it executes here at this moment. */
  readonly isExecuting: boolean;
  readonly epoch: number;
  readonly point: number;
  readonly mode: 'synchronous' | 'asynchronous';
  /** Points that the other side is not known to hold. */
  readonly lag: number;
  /** Who goes on if the link is lost; undefined while nobody does, as it is being handed over. */
  readonly responsible: Side | undefined;
  /** Why, in a sentence. */
  readonly why: string;
  readonly isLinked: boolean;
  readonly isOver: boolean;
  /** At the last point. */
  readonly fuel: number;
}

/**
 * One side of one run that moves: does what the machine of `responsibility/` says, one thing after the other, with what
 * its surroundings give it. It decides nothing by itself.
 */
export declare class MigratingRun {
  /** @param record A new run at the hub (`NEW_RUN` and its first checkpoint), a stub from before a restart, or nothing. */
  constructor(parts: MigratingRunParts, record: StubRecord | undefined);
  readonly status: MigrationStatus;
  /** There is a link, and the other side takes the task. */
  linked(): void;
  linkLost(): void;
  receive(message: MigrationMessage): void;
  /** Has the other side, or this one, execute from the next point on. The executing side's. */
  offer(): void;
  /** What the hub wants has changed. */
  adapt(terms: Terms): void;
  /** The hub's: ends it without effect. */
  cancel(): void;
  /** Executes no further, and keeps its stub for the next start. Resolves when all that was begun to be kept is. */
  close(): Promise<void>;
}
