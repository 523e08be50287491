/** A provider's part in runs that move, with what it keeps of them on disk, in this process: no link is between it and a hub. */
import type { HubOptions } from '../../../hub/hub.js';
import type { Moves } from '../../../hub/migration/index.js';
import type { DeployedTask } from '../../../hub/registry/index.js';
import { monotonicTimer } from '../../../hub/timer.js';
import type { MigrationSession } from '../../../provider/migrations/hub-migrations.js';
import { DEFAULT_POLICY, type ProviderPolicy } from '../../../provider/policy.js';
import type { TaskSpec } from '../../../provider/protocol/index.js';
import type { MigrationMessage, Terms } from '../../../provider/protocol/migration/index.js';
import type { Side } from '../../../provider/protocol/responsibility/index.js';
import { steppingMigrations, type SteppingMigrations } from '../../provider/migrations/stepping-migrations.js';
import { LEASE_MS, PEER, peerLinks, placementWith, whenKept } from './peer-links.js';
import { INSTALLED } from './stepping-runtime.js';

const HUB = 'a'.repeat(64);

/** All that runs of the hub read is in their checkpoints. */
const REPLICA = { revision: 1, isWhole: true, view: () => ({ prefix: '', release: () => undefined }) };

export class ProviderPeer {
  /** Why it executes what no more. */
  readonly refused: string[] = [];
  /** What it has said, by all its processes. */
  readonly said: MigrationMessage['message'][] = [];
  /** What becomes of a message that is on its way: it arrives whenever that is let. */
  passes: (from: Side, message: MigrationMessage, arrives: () => void) => void = (_from, _message, arrives) =>
    arrives();
  readonly #policy: ProviderPolicy;
  readonly #clock: () => number;
  #process: SteppingMigrations | undefined;
  #moves: Moves | undefined;
  #session: MigrationSession | undefined;

  constructor(policy: Partial<ProviderPolicy> = {}, clock: () => number = Date.now) {
    this.#policy = { ...DEFAULT_POLICY, ...policy };
    this.#clock = clock;
  }

  /** A process of it, which finds what an earlier one has left in a folder. */
  async start(dir: string | undefined): Promise<void> {
    this.#process = await steppingMigrations({
      dir,
      leaseMs: LEASE_MS,
      refused: (_hub, _id, message) => this.refused.push(message),
      policy: this.#policy,
      timer: monotonicTimer,
      clock: this.#clock,
    });
  }

  /** Runs that it has, and that have not gone home. */
  get executing(): number {
    return this.#process?.migrations.of(HUB).executing ?? 0;
  }

  /** Has it look who does not come back. */
  look(): void {
    this.#process?.migrations.look();
  }

  /** Its hub has a session in which the task is ready. */
  link({ manifest }: DeployedTask): void {
    const { name, limits, grants, config, subjects } = manifest;
    const spec = {
      name,
      digest: INSTALLED.digest,
      bytes: 8,
      limits,
      grants,
      config,
      subjects,
      resumable: 'all',
    } as const;
    this.#session = this.#sessionOf(spec);
    const hub = this.#process?.migrations.of(HUB);
    hub?.begin(this.#session);
    hub?.linked();
    this.#moves?.changed(PEER);
  }

  /** The session is over. */
  cut(): void {
    const session = this.#session;
    this.#session = undefined;
    if (session === undefined) return;
    this.#process?.migrations.of(HUB).end(session);
    this.#moves?.lost(PEER);
  }

  /** Its process is gone: what that still does, nobody hears of. */
  async gone(): Promise<void> {
    const process = this.#process;
    this.#process = undefined;
    this.cut();
    await process?.migrations.close();
    await process?.runtime.close();
  }

  #sessionOf(spec: TaskSpec): MigrationSession {
    const session: MigrationSession = {
      send: (message) => {
        if (this.#session !== session) return false;
        whenKept(message, () => {
          if (this.#session !== session) return;
          this.said.push(message.message);
          this.passes('provider', message, () => this.#moves?.received(PEER, message));
        });
        return true;
      },
      isSending: () => false,
      task: (name) => (name === spec.name ? spec : undefined),
      replica: REPLICA as never,
      changed: () => undefined,
    };
    return session;
  }

  placement(terms: Partial<Terms> = {}): NonNullable<HubOptions['placement']> {
    return placementWith((moves) => {
      this.#moves = moves;
      return {
        ...peerLinks(terms),
        isLinked: () => this.#session !== undefined,
        send: (_, message) => {
          const session = this.#session;
          if (session === undefined) return false;
          whenKept(message, () => {
            if (this.#session === session) this.passes('hub', message, () => this.#hear(message));
          });
          return true;
        },
        fault: (_, reason) => moves.gone(PEER, reason),
      };
    });
  }

  #hear(message: MigrationMessage): void {
    this.#process?.migrations.of(HUB).receive(message, REPLICA.revision);
  }
}
