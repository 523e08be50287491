/** A program with a runtime in it, and nothing else: what it uses is what the runtime uses. See `attacked.ts`. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import {
  createRuntime,
  type InstalledTask,
  type Limits,
  type RunRequest,
  type RunResult,
} from '../../../runtime/index.js';

export type ToHost =
  | { readonly type: 'install'; readonly component: Uint8Array; readonly limits: Limits }
  /** Installs it while it runs something else, over and over. */
  | {
      readonly type: 'install-meanwhile';
      readonly component: Uint8Array;
      readonly limits: Limits;
      readonly meanwhile: RunRequest;
    }
  | { readonly type: 'run'; readonly requests: readonly RunRequest[] }
  /** What it used since it was asked last. */
  | { readonly type: 'measure' };

export interface Measured {
  /** The most that the process held in RAM. */
  readonly peakBytes: number;
  readonly delayP99Ms: number;
  readonly delayMaxMs: number;
}

/** A run without what takes long to send. */
export type Ended = Pick<RunResult, 'outcome' | 'usage' | 'droppedLogLines'> & { readonly effects: number };

export type FromHost =
  | { readonly type: 'started' }
  | { readonly type: 'installed'; readonly task: InstalledTask }
  | { readonly type: 'refused'; readonly code: unknown; readonly message: string }
  /** How long each run took meanwhile. */
  | { readonly type: 'installed-meanwhile'; readonly task: InstalledTask; readonly runMs: readonly number[] }
  | { readonly type: 'ended'; readonly results: readonly Ended[] }
  | { readonly type: 'measured'; readonly measured: Measured };

const delay = monitorEventLoopDelay({ resolution: 1 });
let peakBytes = 0;
const look = (): void => {
  peakBytes = Math.max(peakBytes, process.memoryUsage.rss());
};

const [, , cacheDir = ''] = process.argv;
const runtime = await createRuntime({ threads: 2, cacheDir });
process.on('message', (message: ToHost) => void answer(message));
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
setInterval(look, 10);
delay.enable();
say({ type: 'started' });

async function answer(message: ToHost): Promise<void> {
  switch (message.type) {
    case 'install':
      try {
        say({ type: 'installed', task: await runtime.install(message.component, message.limits) });
      } catch (error) {
        const { code } = error as { readonly code?: unknown };
        say({ type: 'refused', code, message: error instanceof Error ? error.message : String(error) });
      }
      break;
    case 'install-meanwhile': {
      const installing = runtime.install(message.component, message.limits);
      say({ type: 'installed-meanwhile', ...(await runMeanwhile(installing, message.meanwhile)) });
      break;
    }
    case 'run': {
      const results = await Promise.all(message.requests.map((request) => runtime.run(request)));
      say({
        type: 'ended',
        results: results.map(({ outcome, usage, droppedLogLines, effects }) => ({
          outcome,
          usage,
          droppedLogLines,
          effects: effects.length,
        })),
      });
      break;
    }
    case 'measure':
      look();
      say({
        type: 'measured',
        measured: { peakBytes, delayP99Ms: delay.percentile(99) / 1e6, delayMaxMs: delay.max / 1e6 },
      });
      peakBytes = 0;
      delay.reset();
      break;
  }
}

async function runMeanwhile(
  installing: Promise<InstalledTask>,
  request: RunRequest,
): Promise<{ task: InstalledTask; runMs: number[] }> {
  const runMs: number[] = [];
  const pending = Symbol('it is not installed yet');
  for (;;) {
    const from = performance.now();
    const { outcome } = await runtime.run(request);
    if (outcome.kind !== 'completed') throw new Error(`a run ended as ${outcome.kind}`);
    runMs.push(performance.now() - from);
    // As events come: now and then, not as fast as they can be answered.
    const pause = new Promise<typeof pending>((resolve) => setTimeout(() => resolve(pending), 2));
    const task = await Promise.race([installing, pause]);
    if (task !== pending) return { task, runMs };
  }
}

function say(message: FromHost): void {
  process.send?.(message);
}
