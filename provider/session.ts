/** One hub's session: its messages in, runs through the runtime, outcomes out. */
import type { Effect, Outcome, Read, Runtime, RunRequest, RunResult } from '../runtime/index.js';
import type { ComponentStore } from './components.js';
import { Configuration, type SessionTask } from './configuration.js';
import type { FairQueue, Share, Waiting } from './fair-queue.js';
import type { Installations } from './installations.js';
import type { Link } from './link.js';
import { SessionMoves, type HubMigrations, type MigrationTimer } from './migrations/index.js';
import { OutcomeBatches } from './outcome-batches.js';
import { PROVIDER_BOUNDS, type ProviderPolicy } from './policy.js';
import {
  encodeProviderMessage,
  nextState,
  PROTOCOL_BOUNDS,
  ProtocolError,
  runBytes,
  type HubMessage,
  type ProtocolErrorCode,
  type ProviderMessage,
  type RemoteRun,
  type SessionInput,
  type SessionState,
} from './protocol/index.js';
import type { Replica, ReplicaView } from './replica/replica.js';
import type { Speed } from './speed.js';

export interface SessionParts {
  readonly link: Link;
  /** The hub's public key, in hex. */
  readonly hub: string;
  readonly name: string;
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
  /** Milliseconds, monotonic. */
  readonly nowMs: () => number;
  /** Called once, when the session is over. */
  readonly ended: (code: ProtocolErrorCode | 'done', message: string) => void;
}

/** A run that has not been answered. */
interface Held {
  readonly run: RemoteRun;
  readonly task: SessionTask;
  readonly takenAtMs: number;
  readonly abort: AbortController;
  waiting: Waiting | undefined;
}

interface Ended {
  readonly result: RunResult;
  readonly view: ReplicaView;
  readonly queuedMs: number;
}

/** Recent runs count most. */
const WEIGHT = 1 / 8;

export class Session {
  readonly #parts: SessionParts;
  readonly #share: Share;
  readonly #outcomes: OutcomeBatches;
  readonly #moves: SessionMoves;
  readonly #held = new Map<number, Held>();
  readonly #proven = new Set<string>();
  /** Runs whose state has not come yet, in the order of arrival. */
  #behind: Held[] = [];
  #heldBytes = 0;
  #state: SessionState;
  #tasks = new Map<string, SessionTask>();
  #configuration: Configuration | undefined;
  /** What takes time, one after the other. */
  #work: Promise<void> = Promise.resolve();
  #chunksAhead = 0;
  /** The provider stops: runs that moved here are to go home. */
  #isStopping = false;

  /** @param state As it is after the hello. */
  constructor(parts: SessionParts, state: SessionState) {
    this.#parts = parts;
    this.#state = state;
    const { link, queue } = parts;
    this.#share = queue.join(() => link.bufferedBytes > PROVIDER_BOUNDS.bufferedBytes);
    this.#outcomes = new OutcomeBatches((bytes) => link.send(bytes));
    this.#moves = new SessionMoves({
      ...parts,
      send: (message) => this.#send(message),
      task: (name) => this.#tasks.get(name)?.spec,
      changed: () => this.#endIfDrained(),
      broken: (error) => this.close(error.code, error.message),
    });
  }

  /** Runs that are not answered. */
  get runs(): number {
    return this.#held.size;
  }

  get isOver(): boolean {
    return this.#state.phase === 'closed';
  }

  /** @throws ProtocolError that ends the session: the caller closes it. */
  receive(message: HubMessage): void {
    switch (message.type) {
      case 'hello':
        return this.#advance(message);
      case 'configure':
        return this.#configure(message);
      case 'proofs':
        this.#advance(message);
        return this.#then(() => this.#prove(message));
      case 'chunk':
        return this.#takeChunk(message);
      case 'state':
        this.#advance(message);
        if (message.reset) this.#parts.replica.reset();
        this.#parts.replica.apply(message);
        this.#parts.migrations.stateCame();
        return this.#releaseBehind();
      case 'runs':
        this.#advance(message);
        for (const run of message.runs) this.#take(run);
        return;
      case 'cancel':
        this.#advance(message);
        return this.#cancel(message.n);
      case 'piece':
        this.#advance(message);
        return this.#moves.piece(message);
      case 'move':
        this.#advance(message);
        return this.#moves.move(message);
      case 'beat': {
        this.#advance(message);
        const { queue } = this.#parts;
        this.#send({ type: 'beat', beat: message.beat, queueMs: queue.expectedWaitMs(this.#share) });
        return queue.pump();
      }
      case 'drain':
        this.#advance(message);
        return this.#endIfDrained();
      case 'close':
        this.#end(message.code, message.message);
    }
  }

  /** The provider stops: no more runs are to be sent. */
  drain(reason: string): void {
    this.#isStopping = true;
    this.#send({ type: 'draining', reason });
    this.#parts.migrations.offerAll();
  }

  /** Ends the session, and says why. Idempotent. */
  close(code: ProtocolErrorCode | 'done', message: string): void {
    if (this.isOver) return;
    this.#outcomes.flush();
    this.#send({ type: 'close', code, message: message.slice(0, PROTOCOL_BOUNDS.messageLength) });
    this.#end(code, message);
  }

  /** The link is gone: its runs are the hub's again. */
  lost(message: string): void {
    this.#end('lease', message);
  }

  #end(code: ProtocolErrorCode | 'done', message: string): void {
    if (this.isOver) return;
    const { link, queue, ended } = this.#parts;
    this.#state = nextState(this.#state, { type: 'close' });
    for (const { run, waiting, abort } of this.#held.values()) {
      const hasBegun = waiting !== undefined && !queue.withdraw(this.#share, waiting);
      if (hasBegun) abort.abort();
      else this.#held.delete(run.n);
    }
    queue.leave(this.#share);
    this.#behind = [];
    this.#outcomes.close();
    this.#moves.close();
    const configuration = this.#configuration;
    this.#then(async () => configuration?.abandon());
    this.#replaceTasks(new Map());
    link.close();
    ended(code, message);
  }

  #advance(input: SessionInput): void {
    this.#state = nextState(this.#state, input);
  }

  #send(message: ProviderMessage): void {
    if (!this.isOver) this.#parts.link.send(encodeProviderMessage(message));
  }

  /** Does it after what is under way. A fault in it ends the session. */
  #then(action: () => Promise<void>): void {
    this.#work = this.#work.then(action).catch((error: unknown) => {
      const isTheirs = error instanceof ProtocolError;
      const message = error instanceof Error ? error.message : String(error);
      this.close(isTheirs ? error.code : 'internal', message);
    });
  }

  #configure({ config, tasks }: Extract<HubMessage, { type: 'configure' }>): void {
    this.#advance({ type: 'configure', config });
    const { components, installations, policy, hub } = this.#parts;
    const before = this.#configuration;
    const parts = { components, installations, policy, hub, proven: this.#proven };
    const configuration = new Configuration(config, tasks, parts);
    this.#configuration = configuration;
    this.#then(async () => {
      await before?.abandon();
      const { nonce, unproven } = configuration;
      this.#send({ type: 'challenge', config, nonce, digests: unproven });
    });
  }

  async #prove({ config, proofs }: Extract<HubMessage, { type: 'proofs' }>): Promise<void> {
    const configuration = this.#current(config);
    if (configuration === undefined) return;
    const wanted = await configuration.prove(proofs);
    this.#send({ type: 'wanted', config, components: wanted });
    await this.#provisionIfReceived(configuration);
  }

  #takeChunk(chunk: Extract<HubMessage, { type: 'chunk' }>): void {
    this.#advance(chunk);
    this.#chunksAhead++;
    if (this.#chunksAhead > 2 * PROTOCOL_BOUNDS.chunksAhead) {
      throw new ProtocolError('window', `At most ${PROTOCOL_BOUNDS.chunksAhead} pieces may be on their way`);
    }
    const configuration = this.#configuration;
    this.#then(async () => {
      const { digest, offset, bytes } = chunk;
      this.#chunksAhead--;
      if (configuration === undefined || this.isOver) return;
      const received = await configuration.take(digest, offset, bytes);
      if (received === undefined) return;
      this.#send({ type: 'stored', digest, bytes: received });
      await this.#provisionIfReceived(configuration);
    });
  }

  async #provisionIfReceived(configuration: Configuration): Promise<void> {
    if (!configuration.isReceived || this.#current(configuration.number) === undefined) return;
    if (this.#state.configuring !== 'receiving') return;
    this.#advance({ type: 'received' });
    const isStale = (): boolean => this.#current(configuration.number) === undefined;
    const ready = await configuration.provision(isStale);
    if (isStale()) {
      for (const { installation } of ready.values()) installation.release();
      return;
    }
    this.#replaceTasks(ready);
    this.#advance({ type: 'provisioned' });
    this.#send({ type: 'ready', config: configuration.number, tasks: configuration.statesOf(ready) });
    this.#parts.migrations.linked();
  }

  /** The configuration of that number, unless a later one has come or the session is over. */
  #current(config: number): Configuration | undefined {
    return !this.isOver && this.#configuration?.number === config ? this.#configuration : undefined;
  }

  /** Runs that were taken for a task go on with it as it was. */
  #replaceTasks(tasks: Map<string, SessionTask>): void {
    const before = this.#tasks;
    this.#tasks = tasks;
    for (const [name, task] of tasks) {
      const same = before.get(name);
      if (same?.spec.digest !== task.spec.digest) continue;
      task.expectedFuel = same.expectedFuel;
      task.meanWallMs = same.meanWallMs;
    }
    const inUse = new Set([...this.#held.values()].map(({ task }) => task));
    for (const task of before.values()) if (!inUse.has(task)) task.installation.release();
  }

  #take(run: RemoteRun): void {
    const { policy, replica, nowMs } = this.#parts;
    const task = this.#tasks.get(run.task);
    if (task === undefined) throw new ProtocolError('out-of-turn', `No task "${run.task}" is ready`);
    if (this.#held.has(run.n)) throw new ProtocolError('out-of-turn', `A run ${run.n} is there already`);
    this.#heldBytes += runBytes(run.event);
    if (this.#held.size >= policy.window || this.#heldBytes > policy.queuedBytes) {
      const most = `At most ${policy.window} runs and ${policy.queuedBytes} bytes of events may be unanswered`;
      throw new ProtocolError('window', most);
    }
    const held: Held = { run: apart(run), task, takenAtMs: nowMs(), abort: new AbortController(), waiting: undefined };
    this.#held.set(run.n, held);
    if (run.revision > replica.revision) this.#behind.push(held);
    else this.#submit(held);
  }

  #releaseBehind(): void {
    const { revision } = this.#parts.replica;
    const behind = this.#behind;
    this.#behind = [];
    for (const held of behind) {
      if (held.run.revision > revision) this.#behind.push(held);
      else this.#submit(held);
    }
  }

  #submit(held: Held): void {
    const { task } = held;
    const waiting: Waiting = {
      get expectedFuel() {
        return task.expectedFuel;
      },
      get expectedMs() {
        return task.meanWallMs ?? 0;
      },
      get isLong() {
        return (task.meanWallMs ?? Infinity) > PROVIDER_BOUNDS.longRunMs;
      },
      start: () => this.#start(held, waiting),
    };
    held.waiting = waiting;
    this.#parts.queue.submit(this.#share, waiting);
  }

  #cancel(n: number): void {
    const held = this.#held.get(n);
    if (held === undefined) return;
    const isBehind = this.#behind.includes(held);
    const isWithdrawn = held.waiting !== undefined && this.#parts.queue.withdraw(this.#share, held.waiting);
    if (!isBehind && !isWithdrawn) return held.abort.abort();
    this.#behind = this.#behind.filter((each) => each !== held);
    this.#answer(held, withoutTrace(held.run, { kind: 'cancelled' }), 0);
  }

  #start(held: Held, waiting: Waiting): void {
    const { runtime, replica, nowMs } = this.#parts;
    const view = replica.view();
    const queuedMs = nowMs() - held.takenAtMs;
    runtime
      .run(requestOf(held, view), held.abort.signal)
      .then(
        (result) => this.#ended(held, waiting, { result, view, queuedMs }),
        (error: unknown) => {
          view.release();
          this.#held.delete(held.run.n);
          this.#parts.queue.finish(this.#share, waiting, 0);
          // It has not failed where it can be executed: it is the hub's again.
          throw error;
        },
      )
      .catch((error: unknown) => this.close('internal', error instanceof Error ? error.message : String(error)));
  }

  #ended(held: Held, waiting: Waiting, { result, view, queuedMs }: Ended): void {
    view.release();
    this.#noteUsage(held.task, result);
    this.#parts.queue.finish(this.#share, waiting, result.usage.fuel);
    this.#answer(held, comingHome(result, view.prefix), queuedMs);
  }

  #noteUsage(task: SessionTask, { usage }: RunResult): void {
    task.expectedFuel += (usage.fuel - task.expectedFuel) * WEIGHT;
    const { meanWallMs = usage.wallMs } = task;
    task.meanWallMs = meanWallMs + (usage.wallMs - meanWallMs) * WEIGHT;
  }

  #answer(held: Held, result: RunResult, queuedMs: number): void {
    const { run, task } = held;
    this.#held.delete(run.n);
    this.#heldBytes -= runBytes(run.event);
    const isRetired = this.#tasks.get(run.task) !== task;
    if (isRetired && ![...this.#held.values()].some((each) => each.task === task)) task.installation.release();
    this.#parts.speed.note(result.usage);
    const { runId: _, listed, pages, unrecorded, noticed, ...rest } = result;
    this.#outcomes.add({ ...rest, n: run.n, epoch: run.epoch, listed, pages, unrecorded, noticed, queuedMs });
    this.#endIfDrained();
  }

  #endIfDrained(): void {
    if (this.#state.phase !== 'draining' || this.#held.size > 0) return;
    // Runs that moved here go on without a session, unless the provider ends with it.
    if (this.#isStopping && this.#parts.migrations.executing > 0) return;
    this.close('done', 'all runs are answered');
  }
}

/** A payload shares the memory of its message, which may have been much larger: it does not stay for a run that waits. */
function apart(run: RemoteRun): RemoteRun {
  const { payload } = run.event;
  if (payload.buffer.byteLength - payload.length < PROVIDER_BOUNDS.sharedBytes) return run;
  return { ...run, event: { ...run.event, payload: Uint8Array.from(payload) } };
}

/** What the hub asked for, with the buckets of the replica in place of its own. */
function requestOf({ run, task }: Held, { prefix }: ReplicaView): RunRequest {
  const { spec, limits, installation } = task;
  if (task.grants?.prefix !== prefix) {
    const buckets = Object.entries(spec.grants.buckets).map(
      ([name, grant]) => [name, { ...grant, id: `${prefix}${grant.id}` }] as const,
    );
    task.grants = { prefix, grants: { publish: spec.grants.publish, buckets: Object.fromEntries(buckets) } };
  }
  const { runId, event, attempt, clockMs, seed, recordReads } = run;
  const { config, subjects } = spec;
  const { grants } = task.grants;
  const key = installation.installed.key;
  return { runId, task: key, event, attempt, limits, grants, config, clockMs, seed, subjects, recordReads };
}

/** The hub's own names of buckets again. */
function comingHome(result: RunResult, prefix: string): RunResult {
  const home = (bucket: string): string => (bucket.startsWith(prefix) ? bucket.slice(prefix.length) : bucket);
  // The runtime's words for a bucket, and nothing that a guest may have said.
  const outcome: Outcome =
    'message' in result.outcome
      ? { ...result.outcome, message: result.outcome.message.replaceAll(`bucket "${prefix}`, 'bucket "') }
      : result.outcome;
  return {
    ...result,
    outcome,
    effects: result.effects.map((effect): Effect =>
      effect.kind === 'publish' ? effect : { ...effect, bucket: home(effect.bucket) },
    ),
    reads: result.reads.map((read): Read => ({ ...read, bucket: home(read.bucket) })),
    listed: result.listed?.map((each) => ({ ...each, bucket: home(each.bucket) })),
    pages: result.pages?.map((page) => ({ ...page, bucket: home(page.bucket) })),
  };
}

function withoutTrace({ runId }: RemoteRun, outcome: Outcome): RunResult {
  const usage = { fuel: 0, peakMemoryBytes: 0, wallMs: 0, hostMs: 0, outputBytes: 0, logBytes: 0 };
  return { runId, outcome, effects: [], reads: [], log: [], droppedLogLines: 0, usage };
}
