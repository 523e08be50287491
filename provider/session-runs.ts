/** The runs of one session: each waits for the state that it is to see, then for its turn, and is answered once. */
import type { Runtime, RunResult } from '../runtime/index.js';
import { apart } from './apart.js';
import type { SessionTask } from './configuration.js';
import type { FairQueue, Share, Waiting } from './fair-queue.js';
import { comingHome, requestOf, withoutTrace } from './hub-run.js';
import type { Link } from './link.js';
import { OutcomeBatches } from './outcome-batches.js';
import { PROVIDER_BOUNDS, type ProviderPolicy } from './policy.js';
import { ProtocolError, runBytes, type RemoteRun } from './protocol/index.js';
import type { Replica, ReplicaView } from './replica/replica.js';
import type { Speed } from './speed.js';

export interface SessionRunsParts {
  readonly link: Link;
  readonly runtime: Pick<Runtime, 'run'>;
  readonly queue: FairQueue;
  readonly replica: Replica;
  readonly policy: Pick<ProviderPolicy, 'window' | 'queuedBytes'>;
  readonly speed: Speed;
  /** Milliseconds, monotonic. */
  readonly nowMs: () => number;
  /** One was answered. */
  readonly answered: () => void;
  /** The runtime cannot execute one. */
  readonly failed: (error: unknown) => void;
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

export class SessionRuns {
  readonly #parts: SessionRunsParts;
  readonly #share: Share;
  readonly #outcomes: OutcomeBatches;
  readonly #held = new Map<number, Held>();
  /** Runs whose state has not come yet, in the order of arrival. */
  #behind: Held[] = [];
  #heldBytes = 0;
  #tasks: ReadonlyMap<string, SessionTask> = new Map();

  constructor(parts: SessionRunsParts) {
    this.#parts = parts;
    const { link, queue } = parts;
    this.#share = queue.join(() => link.bufferedBytes > PROVIDER_BOUNDS.bufferedBytes);
    this.#outcomes = new OutcomeBatches((bytes) => link.send(bytes));
  }

  /** Runs that are not answered. */
  get size(): number {
    return this.#held.size;
  }

  /** What one would wait that came now. */
  get expectedWaitMs(): number {
    return this.#parts.queue.expectedWaitMs(this.#share);
  }

  /** A task that is ready. */
  task(name: string): SessionTask | undefined {
    return this.#tasks.get(name);
  }

  /** Other tasks are ready. Runs that were taken for one before go on with it as it was. */
  replaceTasks(tasks: ReadonlyMap<string, SessionTask>): void {
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

  /** @throws ProtocolError 'out-of-turn' or 'window' */
  take(run: RemoteRun): void {
    const { policy, replica, nowMs } = this.#parts;
    const task = this.#tasks.get(run.task);
    if (task === undefined) throw new ProtocolError('out-of-turn', `No task "${run.task}" is ready`);
    if (this.#held.has(run.n)) throw new ProtocolError('out-of-turn', `A run ${run.n} is there already`);
    this.#heldBytes += runBytes(run.event);
    if (this.#held.size >= policy.window || this.#heldBytes > policy.queuedBytes) {
      const most = `At most ${policy.window} runs and ${policy.queuedBytes} bytes of events may be unanswered`;
      throw new ProtocolError('window', most);
    }
    const event = { ...run.event, payload: apart(run.event.payload) };
    const held: Held = {
      run: { ...run, event },
      task,
      takenAtMs: nowMs(),
      abort: new AbortController(),
      waiting: undefined,
    };
    this.#held.set(run.n, held);
    if (run.revision > replica.revision) this.#behind.push(held);
    else this.#submit(held);
  }

  cancel(n: number): void {
    const held = this.#held.get(n);
    if (held === undefined) return;
    const isBehind = this.#behind.includes(held);
    const isWithdrawn = held.waiting !== undefined && this.#parts.queue.withdraw(this.#share, held.waiting);
    if (!isBehind && !isWithdrawn) return held.abort.abort();
    this.#behind = this.#behind.filter((each) => each !== held);
    this.#answer(held, withoutTrace(held.run, { kind: 'cancelled' }), 0);
  }

  /** The copy of the hub's state has changed. */
  stateCame(): void {
    const { revision } = this.#parts.replica;
    const behind = this.#behind;
    this.#behind = [];
    for (const held of behind) {
      if (held.run.revision > revision) this.#behind.push(held);
      else this.#submit(held);
    }
  }

  /** Sends what is answered already. */
  flush(): void {
    this.#outcomes.flush();
  }

  /** Answers nothing more: runs are the hub's again. Those that execute are aborted. */
  close(): void {
    const { queue } = this.#parts;
    for (const { run, waiting, abort } of this.#held.values()) {
      const hasBegun = waiting !== undefined && !queue.withdraw(this.#share, waiting);
      if (hasBegun) abort.abort();
      else this.#held.delete(run.n);
    }
    queue.leave(this.#share);
    this.#behind = [];
    this.#outcomes.close();
    this.replaceTasks(new Map());
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

  #start(held: Held, waiting: Waiting): void {
    const { runtime, replica, queue, nowMs, failed } = this.#parts;
    const view = replica.view();
    const queuedMs = nowMs() - held.takenAtMs;
    runtime
      .run(requestOf(held.run, held.task, view), held.abort.signal)
      .then(
        (result) => this.#ended(held, waiting, { result, view, queuedMs }),
        (error: unknown) => {
          view.release();
          this.#held.delete(held.run.n);
          queue.finish(this.#share, waiting, 0);
          // It has not failed where it can be executed: it is the hub's again.
          throw error;
        },
      )
      .catch(failed);
  }

  #ended(held: Held, waiting: Waiting, { result, view, queuedMs }: Ended): void {
    view.release();
    noteUsage(held.task, result);
    this.#parts.queue.finish(this.#share, waiting, result.usage.fuel);
    this.#answer(held, comingHome(result, view.prefix), queuedMs);
  }

  #answer(held: Held, result: RunResult, queuedMs: number): void {
    const { speed, answered } = this.#parts;
    const { run, task } = held;
    this.#held.delete(run.n);
    this.#heldBytes -= runBytes(run.event);
    const isRetired = this.#tasks.get(run.task) !== task;
    if (isRetired && ![...this.#held.values()].some((each) => each.task === task)) task.installation.release();
    speed.note(result.usage);
    const { runId: _, listed, pages, unrecorded, noticed, ...rest } = result;
    this.#outcomes.add({ ...rest, n: run.n, epoch: run.epoch, listed, pages, unrecorded, noticed, queuedMs });
    answered();
  }
}

function noteUsage(task: SessionTask, { usage }: RunResult): void {
  task.expectedFuel += (usage.fuel - task.expectedFuel) * WEIGHT;
  const { meanWallMs = usage.wallMs } = task;
  task.meanWallMs = meanWallMs + (usage.wallMs - meanWallMs) * WEIGHT;
}
