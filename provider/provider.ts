/** The composition root: sessions behind links, over one runtime. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Runtime, RuntimeOptions } from '../runtime/index.js';
import { ComponentStore } from './components.js';
import { FairQueue } from './fair-queue.js';
import { identify } from './handshake.js';
import type { KnownHubs } from './identity/known-hubs.js';
import { Installations } from './installations.js';
import type { Link } from './link.js';
import { Migrations, type MigrationTimer } from './migrations/index.js';
import { PROVIDER_BOUNDS, type ProviderPolicy } from './policy.js';
import {
  beginHearing,
  deadAtMs,
  decodeHubMessage,
  encodeProviderMessage,
  GREETED,
  hear,
  nextState,
  NONCE_BYTES,
  PROTOCOL_BOUNDS,
  PROTOCOL_TIMES,
  ProtocolError,
  VERSIONS,
  type Hearing,
  type HubMessage,
  type ProtocolErrorCode,
  type ProviderMessage,
  type SigningKey,
} from './protocol/index.js';
import { openReplicaFolder } from './replica/replica-folder.js';
import { Replica } from './replica/replica.js';
import { Session } from './session.js';
import { Speed } from './speed.js';

export interface ProviderOptions {
  readonly dataDir: string;
  readonly threads: number;
  readonly startRuntime: (options: RuntimeOptions) => Promise<Runtime>;
  readonly key: SigningKey;
  readonly hubs: KnownHubs;
  /** What it is called towards hubs. */
  readonly name: string;
  /** The class of this machine, which applications can prefer; undefined for none. */
  readonly device?: string | undefined;
  readonly policy: ProviderPolicy;
  /** What keeps stubs of runs that move. */
  readonly stubs: 'disk' | 'memory';
  readonly observe: (observation: ProviderObservation) => void;
  /** Milliseconds since 1970 (UTC), and milliseconds on a clock that nobody sets. */
  readonly clock: () => number;
  readonly nowMs: () => number;
  /** Default: `PROTOCOL_TIMES`. */
  readonly times?: { readonly helloMs: number; readonly heartbeatMs: number; readonly leaseMs: number };
}

export type ProviderObservation =
  | { readonly kind: 'session-began'; readonly hub: string; readonly name: string; readonly remote: string }
  | {
      readonly kind: 'session-ended';
      readonly hub: string;
      readonly name: string;
      readonly code: ProtocolErrorCode | 'done';
      readonly message: string;
    }
  /** A run that moved here is not executed any more: its hub goes on with it. */
  | { readonly kind: 'run-given-up'; readonly hub: string; readonly id: string; readonly message: string }
  /** Somebody has forgotten it: nothing of it is here any more. */
  | { readonly kind: 'hub-forgotten'; readonly hub: string }
  | { readonly kind: 'refused'; readonly remote: string; readonly code: string; readonly message: string };

/** What a link tells about. */
export interface LinkEvents {
  message(bytes: Uint8Array): void;
  closed(): void;
}

export interface Provider {
  /** Takes a new connection. */
  accept(link: Link): LinkEvents;
  /** Sessions that are open. */
  readonly sessions: number;
  /** Takes no more runs, lets those that it has end within `PROVIDER_BOUNDS.drainMs`, and closes. Idempotent. */
  close(): Promise<void>;
}

/** State of a hub whose session may come back. */
interface KeptReplica {
  readonly replica: Replica;
  readonly stateEpoch: string;
  leftAtMs: number;
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
  const runtime = await options.startRuntime({
    threads,
    cacheDir: join(dataDir, 'prepared'),
    state: { module: new URL('./replica/reader.js', import.meta.url), options: { dir: replicaDir } },
  });
  const installations = new Installations(runtime, components);
  const queue = new FairQueue({ slots: () => runtime.idleSlots, threads });
  const timer: MigrationTimer = { nowMs: options.nowMs, after };
  const migrations = await Migrations.open({
    dir: options.stubs === 'disk' ? join(dataDir, 'migrations') : undefined,
    leaseMs: (options.times ?? PROTOCOL_TIMES).leaseMs,
    isKnown: (hub) => options.hubs.has(hub),
    refused: (hub, id, message) => options.observe({ kind: 'run-given-up', hub, id, message }),
    runtime,
    installations,
    queue,
    policy,
    timer,
    clock,
  });
  return new OpenProvider(options, { components, runtime, replicaDir, installations, queue, migrations, timer });
}

function after(ms: number, then: () => void): () => void {
  const timer = setTimeout(then, ms);
  return () => clearTimeout(timer);
}

interface Started {
  readonly components: ComponentStore;
  readonly runtime: Runtime;
  readonly replicaDir: string;
  readonly installations: Installations;
  readonly queue: FairQueue;
  readonly migrations: Migrations;
  readonly timer: MigrationTimer;
}

class OpenProvider implements Provider {
  readonly #options: ProviderOptions;
  readonly #started: Started;
  /** Hubs that are forgotten now. */
  readonly #leaving = new Set<string>();
  readonly #speed = new Speed();
  readonly #sessions = new Map<string, Session>();
  readonly #replicas = new Map<string, KeptReplica>();
  readonly #connections = new Set<Connection>();
  readonly #watch: NodeJS.Timeout;
  #lookedAtMs = 0;
  #replicaCount = 0;
  #draining = false;
  #drained: (() => void) | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: ProviderOptions, started: Started) {
    this.#options = options;
    this.#started = started;
    this.#watch = setInterval(() => this.#look(), this.times.heartbeatMs / 2);
  }

  get times(): NonNullable<ProviderOptions['times']> {
    return this.#options.times ?? PROTOCOL_TIMES;
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
  begin(hello: Extract<HubMessage, { type: 'hello' }>, hub: string, connection: Connection): Session {
    const { policy, observe, nowMs, clock, hubs } = this.#options;
    // A hub has one session: it knows best which link is dead.
    this.#sessions.get(hub)?.close('done', 'the hub has begun another session');
    if (this.#sessions.size >= policy.sessions || this.#draining || this.#leaving.has(hub)) {
      throw new ProtocolError('busy', 'This provider takes no more sessions');
    }
    const replica = this.#replicaFor(hub, hello.stateEpoch);
    const { runtime, components, installations, queue, migrations, timer } = this.#started;
    const session: Session = new Session(
      {
        link: connection.link,
        hub,
        name: hello.name,
        runtime,
        components,
        replica,
        policy,
        nowMs,
        queue,
        installations,
        speed: this.#speed,
        migrations: migrations.of(hub),
        timer,
        ended: (code, message) => {
          if (this.#sessions.get(hub) === session) this.#sessions.delete(hub);
          const kept = this.#replicas.get(hub);
          if (kept !== undefined) kept.leftAtMs = nowMs();
          void hubs.heard(hub, clock());
          observe({ kind: 'session-ended', hub, name: hello.name, code, message });
          if (this.#sessions.size === 0) this.#drained?.();
        },
      },
      nextState(GREETED, { type: 'hello' }),
    );
    this.#sessions.set(hub, session);
    void hubs.heard(hub, clock());
    observe({ kind: 'session-began', hub, name: hello.name, remote: connection.link.remote });
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
      capacity: { threads, fuelPerSecond: this.#speed.fuelPerSecond, device },
      revision: this.#replicas.get(hub)?.replica.revision ?? 0,
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
    for (const { replica } of this.#replicas.values()) replica.close();
    await this.#started.runtime.close();
  }

  /** What the provider still has of a hub's state, if it is of the same start of the hub. */
  #replicaFor(hub: string, stateEpoch: string): Replica {
    const kept = this.#replicas.get(hub);
    if (kept?.stateEpoch === stateEpoch) return kept.replica;
    kept?.replica.close();
    const { replicaDir } = this.#started;
    const replica = new Replica(replicaDir, this.#replicaCount++, this.#options.policy.stateBytes);
    this.#replicas.set(hub, { replica, stateEpoch, leftAtMs: this.#options.nowMs() });
    return replica;
  }

  /** Ends what has been silent for too long. */
  #look(): void {
    const nowMs = this.#options.nowMs();
    // What has come while this process stood still has not been looked at yet.
    const isLate = nowMs - this.#lookedAtMs > this.times.heartbeatMs;
    this.#lookedAtMs = nowMs;
    if (!isLate) for (const connection of this.#connections) connection.look(nowMs);
    for (const hub of this.#forgotten()) void this.#forget(hub);
    for (const [hub, { replica, leftAtMs }] of this.#replicas) {
      if (this.#sessions.has(hub) || nowMs - leftAtMs < PROVIDER_BOUNDS.keptReplicaMs) continue;
      if (this.#started.migrations.readsState(hub)) continue;
      replica.close();
      this.#started.migrations.stateGone(hub);
      this.#replicas.delete(hub);
    }
    this.#started.migrations.look();
    this.#started.queue.pump();
  }

  /** Hubs of which something is here, and that are not known any more. */
  #forgotten(): readonly string[] {
    const here = new Set([...this.#sessions.keys(), ...this.#replicas.keys(), ...this.#started.migrations.hubs]);
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
    const { migrations, components } = this.#started;
    const { observe } = this.#options;
    this.#leaving.add(hub);
    try {
      this.#sessions.get(hub)?.close('identity', 'This provider does not know the hub any more');
      this.#replicas.get(hub)?.replica.close();
      this.#replicas.delete(hub);
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

/** One link, from its greeting to its end. */
class Connection implements LinkEvents {
  readonly link: Link;
  readonly #provider: OpenProvider;
  readonly #options: ProviderOptions;
  readonly #nonce = randomBytes(NONCE_BYTES);
  readonly #sinceMs: number;
  #hearing: Hearing;
  #session: Session | undefined;
  #isIdentifying = false;
  #isOver = false;
  #second = 0;
  #messages = 0;

  constructor(provider: OpenProvider, link: Link, options: ProviderOptions) {
    this.#provider = provider;
    this.link = link;
    this.#options = options;
    this.#sinceMs = options.nowMs();
    this.#hearing = beginHearing(this.#sinceMs);
  }

  greet(): void {
    const { name } = this.#options;
    this.link.send(encodeProviderMessage({ type: 'greeting', versions: VERSIONS, nonce: this.#nonce, name }));
  }

  message(bytes: Uint8Array): void {
    if (this.#isOver) return;
    this.#hearing = hear(this.#hearing, this.#options.nowMs(), this.#provider.times);
    this.#slowDown();
    try {
      if (this.#session === undefined && bytes.length > PROTOCOL_BOUNDS.helloBytes) {
        throw new ProtocolError('too-large', `A hello must have at most ${PROTOCOL_BOUNDS.helloBytes} bytes`);
      }
      if (this.link.bufferedBytes > PROVIDER_BOUNDS.mostBufferedBytes) {
        throw new ProtocolError('window', 'The link takes nothing of what is answered');
      }
      const message = decodeHubMessage(bytes);
      if (this.#session !== undefined) this.#session.receive(message);
      else this.#hello(message);
    } catch (error) {
      this.refuse(error);
    }
  }

  closed(): void {
    this.#isOver = true;
    this.#provider.forget(this);
    this.#session?.lost('the link was closed');
  }

  look(nowMs: number): void {
    const { helloMs } = this.#provider.times;
    if (this.#isOver) return;
    // What is not taken from the network is not heard.
    if (this.link.isPaused) this.#hearing = { ...this.#hearing, lastMs: nowMs };
    if (this.#session === undefined && nowMs - this.#sinceMs > helloMs) {
      this.refuse(new ProtocolError('lease', `No hello came within ${helloMs} ms`));
    } else if (this.#session !== undefined && nowMs > deadAtMs(this.#hearing, this.#provider.times)) {
      const silentMs = Math.round(nowMs - this.#hearing.lastMs);
      this.refuse(new ProtocolError('lease', `Nothing was heard for ${silentMs} ms`));
    }
  }

  /** Says why, and ends. */
  refuse(error: unknown): void {
    if (this.#isOver) return;
    const code = error instanceof ProtocolError ? error.code : 'internal';
    const message = error instanceof Error ? error.message : String(error);
    if (this.#session !== undefined && !this.#session.isOver) {
      this.#session.close(code, message);
    } else {
      this.#options.observe({ kind: 'refused', remote: this.link.remote, code, message });
      // Who is not known is told nothing of this machine.
      const told = code === 'internal' ? 'The provider is at fault: its own log says how' : message;
      this.link.send(encodeProviderMessage({ type: 'close', code, message: told }));
    }
    this.end();
  }

  end(): void {
    this.#isOver = true;
    this.#provider.forget(this);
    this.link.close();
  }

  #hello(message: HubMessage): void {
    nextState(GREETED, message.type === 'configure' || message.type === 'proofs' ? message : { type: message.type });
    if (message.type !== 'hello') return this.end();
    if (this.#isIdentifying) throw new ProtocolError('out-of-turn', 'The hello has not been answered yet');
    this.#isIdentifying = true;
    this.#welcome(message).catch((error: unknown) => this.refuse(error));
  }

  async #welcome(hello: Extract<HubMessage, { type: 'hello' }>): Promise<void> {
    const { key, hubs, clock } = this.#options;
    const { binding } = this.link;
    const { hub, signature } = await identify(hello, { key, hubs, binding, nonce: this.#nonce, nowMs: clock() });
    if (this.#isOver) return;
    this.#session = this.#provider.begin(hello, hub, this);
    this.link.known();
    this.link.send(encodeProviderMessage(this.#provider.welcome(hub, signature, hello.version)));
  }

  /** More messages in a second than allowed wait until the next: on the hub's side, in the end. */
  #slowDown(): void {
    const nowMs = this.#options.nowMs();
    const second = Math.floor(nowMs / 1_000);
    if (second !== this.#second) [this.#second, this.#messages] = [second, 0];
    this.#messages++;
    if (this.#messages !== this.#options.policy.messagesPerSecond) return;
    this.link.pause();
    setTimeout(() => this.link.resume(), (second + 1) * 1_000 - nowMs);
  }
}
