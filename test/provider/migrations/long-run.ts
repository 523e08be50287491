/** A run that takes a while, begun here as its hub does, to be moved. */
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { TaskSpec } from '../../../provider/protocol/index.js';
import type { MigrationMessage } from '../../../provider/protocol/migration/index.js';
import {
  checkpointDigest,
  createRuntime,
  wholeCheckpoint,
  type RunRequest,
  type RunResult,
} from '../../../runtime/index.js';
import { builtTask } from '../../runtime/built-task.js';
import { requestOf } from '../../runtime/run-request.js';
import { paddedComponent } from '../padded-component.js';

export interface LongRun {
  readonly component: Uint8Array;
  readonly spec: TaskSpec;
  readonly request: RunRequest;
  /** Where it stands at its first point, as a checkpoint that stands alone. */
  begun(change?: Partial<RunRequest>): Promise<Uint8Array>;
  /** Goes on with it to its end. */
  ended(checkpoint: Uint8Array): Promise<RunResult>;
  /** What the run comes to if nobody moves it. */
  readonly undisturbed: RunResult;
}

export const TASK = 'forecast';
export const RUN = 'event-1/forecast';

/**
 * @param starts How long it takes: some milliseconds for each.
 * @param version Makes it one of another component, which does the same.
 */
export async function longRun(t: Test, starts: number, version = ''): Promise<LongRun> {
  const cacheDir = await mkdtemp(join(tmpdir(), 'sterna-moves-'));
  const runtime = await createRuntime({ threads: 1, cacheDir });
  t.teardown(async () => {
    await runtime.close();
    await rm(cacheDir, { recursive: true });
  });
  const { manifest, component: built } = await builtTask('guest-tasks/forecast');
  const component = version === '' ? built : paddedComponent(built, 100, version);
  const limits = { ...manifest.limits, fuel: 500_000_000_000, deadlineMs: 300_000 };
  const config = { starts: String(starts) };
  const installed = await runtime.install(component, limits, { resumable: 'loops' });
  const hourly = Array.from({ length: 700 }, (_, hour) => 1 + Math.sin(hour / 4) / 2 + (hour % 7) / 20);
  const payload = JSON.stringify({ hourly, horizon: 24 });
  const asked = { topic: 'forecast/house/fit', captures: { meter: 'house' }, payload, runId: RUN, limits, config };
  const request = requestOf({ manifest }, installed, asked);
  const { grants, subjects } = request;
  const digest = createHash('sha256').update(component).digest('hex');
  const bytes = component.length;
  const spec: TaskSpec = { name: TASK, digest, bytes, limits, grants, config, subjects, resumable: 'loops' };
  const begun = async (change: Partial<RunRequest> = {}): Promise<Uint8Array> => {
    const checkpoint = await runtime.begin({ ...request, ...change }).suspend();
    if (checkpoint === undefined) throw new Error('it ended before it stood still');
    return checkpoint;
  };
  const ended = async (checkpoint: Uint8Array): Promise<RunResult> => {
    const end = await runtime.resume(checkpoint, installed.key).end;
    if (end.kind === 'suspended') throw new Error('nobody asked it to stand still');
    return end.result;
  };
  return { component, spec, request, begun, ended, undisturbed: await runtime.run(request) };
}

/** What no move may change. */
export function kept({ outcome, effects, reads, log, usage }: RunResult): object {
  return { outcome, effects: effects.map(plain), reads, log, fuel: usage.fuel };
}

function plain(effect: RunResult['effects'][number]): object {
  return effect.kind === 'publish' ? { ...effect, payload: Buffer.from(effect.payload).toString() } : effect;
}

/** What a hub makes of the points that it hears: the last one, as a checkpoint that stands alone. */
export class Held {
  #anchor: Uint8Array;
  whole: Uint8Array;

  /** @param begun What it has sent. */
  constructor(begun: Uint8Array) {
    this.#anchor = begun;
    this.whole = begun;
  }

  take({ content: { anchor, difference }, leftOut }: MigrationMessage): void {
    // What is left out is what was exchanged last, as it is or as a whole.
    this.#anchor = anchor ?? (leftOut === checkpointDigest(this.whole) ? this.whole : this.#anchor);
    this.whole = difference === undefined ? this.#anchor : wholeCheckpoint(difference, this.#anchor);
  }
}
