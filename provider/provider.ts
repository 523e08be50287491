/** The composition root: sessions behind links, over one runtime. */
import { join } from 'node:path';
import type { Runtime } from '../runtime/index.js';
import { ComponentStore } from './components.js';
import { Connection, type Door } from './connection.js';
import { FairQueue } from './fair-queue.js';
import { Installations } from './installations.js';
import type { Link, LinkEvents } from './link.js';
import { Migrations, type MigrationTimer } from './migrations/index.js';
import { PROVIDER_BOUNDS } from './policy.js';
import { PreparedFolder } from './prepared-folder.js';
import {
  GREETED,
  nextState,
  PROTOCOL_TIMES,
  ProtocolError,
  type HubMessage,
  type ProviderMessage,
} from './protocol/index.js';
import type { ProviderOptions } from './provider-options.js';
import { HubReplicas } from './replica/hub-replicas.js';
import { openReplicaFolder } from './replica/replica-folder.js';
import { Session, type UnderWay } from './session.js';
import { Speed } from './speed.js';

export interface Provider {
  /** Takes a new connection. */
  accept(link: Link): LinkEvents;
  /** Sessions that are open. */
  readonly sessions: number;
  /** Takes no more runs, lets those that it has end within `PROVIDER_BOUNDS.drainMs`, and closes. Idempotent. */
  close(): Promise<void>;
}

export async function createProvider(options: ProviderOptions): Promise<Provider> {
  const { dataDir, threads, policy, clock } = options;
  const replicaDir = openReplicaFolder(join(dataDir, 'replicas'), process.pid);
  const { storeBytes, uploadBytes } = policy;
  const { keptUploadMs } = PROVIDER_BOUNDS;
  const components = await ComponentStore.open({
    dir: dataDir,
    storeBytes,
    uploadBytes,
    keptUploadMs,
    nowMs: clock,
  });
  await components.forgetStaleUploads();
  await components.forgetOwners((owner) => !options.hubs.has(owner));
  const preparedDir = join(dataDir, 'prepared');
  const prepared = await PreparedFolder.open({ dir: preparedDir, mostBytes: policy.preparedBytes, nowMs: clock });
  const runtime = await options.startRuntime({
    threads,
    cacheDir: preparedDir,
    state: { module: new URL('./replica/reader.js', import.meta.url), options: { dir: replicaDir } },
  });
  const installations = new Installations(runtime, components, prepared);
  const queue = new FairQueue({ slots: () => runtime.idleSlots, threads });
  const timer: MigrationTimer = { nowMs: options.nowMs, after };
  const migrations = await Migrations.open({
    dir: options.stubs === 'disk' ? join(dataDir, 'migrations') : undefined,
    leaseMs: timesOf(options).leaseMs,
    isKnown: (hub) => options.hubs.has(hub),
    refused: (hub, id, message) => options.observe({ kind: 'run-given-up', hub, id, message }),
    runtime,
    installations,
    queue,
    policy,
    timer,
    clock,
  });
  const replicas = new HubReplicas({ dir: replicaDir, mostBytes: policy.stateBytes, nowMs: options.nowMs });
  return new OpenProvider(options, { components, runtime, replicas, installations, queue, migrations, timer });
}

function after(ms: number, then: () => void): () => void {
  const timer = setTimeout(then, ms);
  return () => clearTimeout(timer);
}

interface Started {
  readonly components: ComponentStore;
  readonly runtime: Runtime;
  readonly replicas: HubReplicas;
  readonly installations: Installations;
  readonly queue: FairQueue;
  readonly migrations: Migrations;
  readonly timer: MigrationTimer;
}

class OpenProvider implements Provider, Door {
  readonly #options: ProviderOptions;
  readonly #started: Started;
  /** Hubs that are forgotten now. */
  readonly #leaving = new Set<string>();
  readonly #speed = new Speed();
  readonly #sessions = new Map<string, Session>();
  /** Of sessions that are over, by their hubs. */
  readonly #underWay = new Map<string, UnderWay>();
  readonly #connections = new Set<Connection>();
  readonly #watch: NodeJS.Timeout;
  #lookedAtMs = 0;
  #draining = false;
  #drained: (() => void) | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: ProviderOptions, started: Started) {
    this.#options = options;
    this.#started = started;
    this.#watch = setInterval(() => this.#look(), this.times.heartbeatMs / 2);
  }

  get times(): Door['times'] {
    return timesOf(this.#options);
  }

  get sessions(): number {
    return this.#sessions.size;
  }

  accept(link: Link): LinkEvents {
    const connection = new Connection(this, link, this.#options);
    this.#connections.add(connection);
    const isFull = this.#connections.size > this.#options.policy.connections;
    if (isFull || this.#draining) connection.refuse(new ProtocolError('busy', 'This provider takes no more sessions'));
    else connection.greet();
    return connection;
  }

  /** A hub has shown who it is. @throws ProtocolError 'busy' */
  begin(hello: Extract<HubMessage, { type: 'hello' }>, hub: string, link: Link): Session {
    const { policy, observe, nowMs, clock, hubs } = this.#options;
    // A hub has one session: it knows best which link is dead.
    this.#sessions.get(hub)?.close('done', 'the hub has begun another session');
    if (this.#sessions.size >= policy.sessions || this.#draining || this.#leaving.has(hub)) {
      throw new ProtocolError('busy', 'This provider takes no more sessions');
    }
    const { replicas, migrations } = this.#started;
    const session: Session = new Session(
      {
        ...this.#started,
        link,
        hub,
        replica: replicas.of(hub, hello.stateEpoch),
        policy,
        nowMs,
        speed: this.#speed,
        migrations: migrations.of(hub),
        before: this.#underWay.get(hub) ?? NOTHING,
        ended: (code, message) => {
          if (this.#sessions.get(hub) === session) this.#sessions.delete(hub);
          void this.#remember(hub, session.underWay);
          replicas.left(hub);
          void hubs.heard(hub, clock());
          observe({ kind: 'session-ended', hub, name: hello.name, code, message });
          if (this.#sessions.size === 0) this.#drained?.();
        },
      },
      nextState(GREETED, { type: 'hello' }),
    );
    this.#sessions.set(hub, session);
    void hubs.heard(hub, clock());
    observe({ kind: 'session-began', hub, name: hello.name, remote: link.remote });
    return session;
  }

  welcome(hub: string, signature: Uint8Array, version: number): ProviderMessage {
    const { threads, policy, device, stubs } = this.#options;
    const { heartbeatMs, leaseMs } = this.times;
    return {
      type: 'welcome',
      version,
      signature,
      heartbeatMs,
      leaseMs,
      window: policy.window,
      windowBytes: policy.queuedBytes,
      stateBytes: policy.stateBytes,
      capacity: { threads, fuelPerSecond: this.#speed.fuelPerSecond, device },
      revision: this.#started.replicas.revisionOf(hub),
      stubs,
    };
  }

  forget(connection: Connection): void {
    this.#connections.delete(connection);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#draining = true;
    for (const session of this.#sessions.values()) session.drain('the provider stops');
    if (this.#sessions.size > 0) {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, PROVIDER_BOUNDS.drainMs)));
      await Promise.race([late, new Promise<void>((resolve) => (this.#drained = resolve))]);
      clearTimeout(timer);
    }
    clearInterval(this.#watch);
    for (const session of this.#sessions.values()) session.close('done', 'the provider stops');
    for (const connection of this.#connections) connection.end();
    await this.#started.migrations.close();
    this.#started.replicas.close();
    await this.#started.runtime.close();
  }

  async #remember(hub: string, underWay: UnderWay): Promise<void> {
    this.#underWay.set(hub, underWay);
    await Promise.allSettled([underWay.configured, underWay.unpacked]);
    if (this.#underWay.get(hub) === underWay) this.#underWay.delete(hub);
  }

  /** Ends what has been silent for too long. */
  #look(): void {
    const { replicas, migrations, queue } = this.#started;
    const nowMs = this.#options.nowMs();
    // What has come while this process stood still has not been looked at yet.
    const isLate = nowMs - this.#lookedAtMs > this.times.heartbeatMs;
    this.#lookedAtMs = nowMs;
    if (!isLate) for (const connection of this.#connections) connection.look(nowMs);
    for (const hub of this.#forgotten()) void this.#forget(hub);
    const isNeeded = (hub: string): boolean => this.#sessions.has(hub) || migrations.readsState(hub);
    for (const hub of replicas.letGo(isNeeded)) migrations.stateGone(hub);
    migrations.look();
    queue.pump();
  }

  /** Hubs of which something is here, and that are not known any more. */
  #forgotten(): readonly string[] {
    const { replicas, migrations } = this.#started;
    const here = new Set([...this.#sessions.keys(), ...replicas.hubs, ...migrations.hubs]);
    try {
      return [...here].filter((hub) => !this.#leaving.has(hub) && !this.#options.hubs.has(hub));
    } catch {
      // A disk that does not say has forgotten nobody.
      return [];
    }
  }

  /**
   * Ends what there is of a hub, and removes what is kept of it. Its runs that moved here go as well: they are the hub's,
   * which has a stub of each, and who forgets a hub wants nothing of it to be left.
   */
  async #forget(hub: string): Promise<void> {
    const { replicas, migrations, components } = this.#started;
    const { observe } = this.#options;
    this.#leaving.add(hub);
    try {
      this.#sessions.get(hub)?.close('identity', 'This provider does not know the hub any more');
      replicas.forget(hub);
      await migrations.forget(hub);
      await components.settle(hub);
      await components.forgetUploads(hub, new Set());
      observe({ kind: 'hub-forgotten', hub });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      observe({ kind: 'run-given-up', hub, id: 'what was kept', message });
    } finally {
      this.#leaving.delete(hub);
    }
  }
}

const NOTHING: UnderWay = { configured: Promise.resolve(), unpacked: Promise.resolve() };

function timesOf({ times = PROTOCOL_TIMES }: ProviderOptions): Door['times'] {
  return times;
}
