/** The copies of hubs' state that are here: one for each hub, for its sessions and for a while after the last of them. */
import { PROVIDER_BOUNDS } from '../policy.js';
import { Replica } from './replica.js';

export interface HubReplicasParts {
  readonly dir: string;
  /** See `ProviderPolicy.stateBytes`. */
  readonly mostBytes: number;
  /** Milliseconds, monotonic. */
  readonly nowMs: () => number;
}

interface KeptReplica {
  readonly replica: Replica;
  readonly stateEpoch: string;
  leftAtMs: number;
}

export class HubReplicas {
  readonly #parts: HubReplicasParts;
  readonly #kept = new Map<string, KeptReplica>();
  #count = 0;

  constructor(parts: HubReplicasParts) {
    this.#parts = parts;
  }

  /** Hubs of which there is one. */
  get hubs(): Iterable<string> {
    return this.#kept.keys();
  }

  /** What is still here of a hub's state, if it is of the same start of the hub; else it begins with nothing. */
  of(hub: string, stateEpoch: string): Replica {
    const { dir, mostBytes, nowMs } = this.#parts;
    const kept = this.#kept.get(hub);
    if (kept?.stateEpoch === stateEpoch) return kept.replica;
    kept?.replica.close();
    const replica = new Replica(dir, this.#count++, mostBytes);
    this.#kept.set(hub, { replica, stateEpoch, leftAtMs: nowMs() });
    return replica;
  }

  /** The revision of what is here; 0 for nothing. */
  revisionOf(hub: string): number {
    return this.#kept.get(hub)?.replica.revision ?? 0;
  }

  /** The hub's session is over: from now on it is kept for a while. */
  left(hub: string): void {
    const kept = this.#kept.get(hub);
    if (kept !== undefined) kept.leftAtMs = this.#parts.nowMs();
  }

  /** Lets go of those whose hub was away for too long. @returns these hubs. */
  letGo(isNeeded: (hub: string) => boolean): readonly string[] {
    const nowMs = this.#parts.nowMs();
    const isDue = ([hub, { leftAtMs }]: [string, KeptReplica]): boolean =>
      nowMs - leftAtMs >= PROVIDER_BOUNDS.keptReplicaMs && !isNeeded(hub);
    const gone = [...this.#kept].filter(isDue).map(([hub]) => hub);
    for (const hub of gone) this.forget(hub);
    return gone;
  }

  forget(hub: string): void {
    this.#kept.get(hub)?.replica.close();
    this.#kept.delete(hub);
  }

  close(): void {
    for (const { replica } of this.#kept.values()) replica.close();
  }
}
