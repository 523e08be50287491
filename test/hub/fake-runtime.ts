import type {
  Effect,
  InstalledTask,
  Listed,
  Outcome,
  Read,
  RunRequest,
  RunResult,
  Runtime,
} from '../../runtime/index.js';
import { RuntimeError } from '../../runtime/index.js';

/** What a fake guest does with an event. */
export interface Behaviour {
  readonly outcome?: Outcome;
  readonly effects?: readonly Effect[];
  readonly reads?: readonly Read[];
  readonly listed?: readonly Listed[];
  readonly unrecorded?: string;
  readonly fuel?: number;
}

export interface FakeRuntime extends Runtime {
  /** Requests that have not been answered, in the order of arrival. */
  readonly pending: RunRequest[];
  /** All requests so far. */
  readonly started: RunRequest[];
  /** Answers the oldest request, or a given one. */
  answer(behaviour?: Behaviour, request?: RunRequest): void;
  /** What may stop each of them. */
  readonly signals: (AbortSignal | undefined)[];
  /** Keys of tasks that were let go of. */
  readonly forgotten: string[];
  slots: number;
  closed: boolean;
}

/** A runtime without threads. With `behave` it answers by itself; otherwise `answer` does. */
export function fakeRuntime(behave?: (request: RunRequest) => Behaviour | Promise<Behaviour>): FakeRuntime {
  const waiting = new Map<RunRequest, (result: RunResult) => void>();
  const runtime: FakeRuntime = {
    pending: [],
    started: [],
    signals: [],
    slots: 4,
    closed: false,
    install: (component, _, { resumable } = {}) => {
      const key = Buffer.from(component).toString('utf8');
      if (key.includes('refused'))
        return Promise.reject(new RuntimeError('component-refused', `${key} imports what no task gets`));
      const installed: InstalledTask = {
        key,
        digest: 'd'.repeat(64),
        imports: [],
        initialMemoryBytes: 0,
        startFuel: 0,
        resumable,
      };
      return Promise.resolve(installed);
    },
    forgotten: [],
    uninstall: (key) => void runtime.forgotten.push(`uninstalled ${key}`),
    forget: (key) => void runtime.forgotten.push(key),
    run: async (request, signal) => {
      runtime.started.push(request);
      runtime.signals.push(signal);
      if (behave !== undefined) return resultOf(request, await behave(request));
      runtime.pending.push(request);
      return new Promise((resolve) => waiting.set(request, resolve));
    },
    begin: (request, { signal } = {}) => {
      const end = runtime.run(request, signal).then((result) => ({ kind: 'ended', result }) as const);
      return { end, suspend: () => end.then(() => undefined) };
    },
    resume: () => {
      throw new RuntimeError('checkpoint-refused', 'nothing is resumable here');
    },
    answer: (behaviour = {}, request = runtime.pending[0]) => {
      if (request === undefined) throw new Error('nothing is pending');
      runtime.pending.splice(runtime.pending.indexOf(request), 1);
      waiting.get(request)?.(resultOf(request, behaviour));
      waiting.delete(request);
    },
    get occupancy() {
      return { threads: runtime.slots, idle: runtime.idleSlots, executing: [], waiting: [], apart: [] };
    },
    setApart: () => false,
    cancel: () => false,
    get idleSlots() {
      return behave === undefined ? Math.max(0, runtime.slots - runtime.pending.length) : runtime.slots;
    },
    close: () => {
      runtime.closed = true;
      return Promise.resolve();
    },
  };
  return runtime;
}

function resultOf(request: RunRequest, behaviour: Behaviour): RunResult {
  const fuel = behaviour.fuel ?? 1_000;
  return {
    runId: request.runId,
    outcome: behaviour.outcome ?? { kind: 'completed' },
    effects: behaviour.effects ?? [],
    reads: behaviour.reads ?? [],
    listed: behaviour.listed,
    unrecorded: behaviour.unrecorded,
    log: [],
    droppedLogLines: 0,
    usage: { fuel, peakMemoryBytes: 0, wallMs: 0, hostMs: 0, outputBytes: 0, logBytes: 0 },
  };
}
