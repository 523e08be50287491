import type { PointOptions, RunHandle, RunRequest, RunResult, Runtime } from '../../runtime/index.js';
import type { Expectations } from './expectations.js';

export interface RunsHereParts {
  readonly local: () => Pick<Runtime, 'run' | 'begin'>;
  readonly expectations: Pick<Expectations, 'fuelOf' | 'speedOf' | 'begins' | 'noteRun'>;
}

/** Has runs executed on this machine, and takes note of what they take. */
export class RunsHere {
  readonly #parts: RunsHereParts;

  constructor(parts: RunsHereParts) {
    this.#parts = parts;
  }

  /** As a whole. */
  async run(task: string, request: RunRequest, signal: AbortSignal | undefined): Promise<RunResult> {
    const { local, expectations } = this.#parts;
    const payloadBytes = request.event.payload.length;
    const fuel = expectations.fuelOf(task, payloadBytes);
    const over = expectations.begins(fuel / expectations.speedOf(task, fuel).fuelPerMs);
    try {
      const result = await local().run(request, signal);
      expectations.noteRun(task, payloadBytes, result);
      return result;
    } finally {
      over();
    }
  }

  /** As one that can stand still. */
  begin(task: string, request: RunRequest, options: PointOptions | undefined): RunHandle {
    const handle = this.#parts.local().begin(request, options);
    void this.#note(task, request.event.payload.length, handle.end).catch(() => undefined);
    return handle;
  }

  async #note(task: string, payloadBytes: number, ending: RunHandle['end']): Promise<void> {
    const end = await ending;
    if (end.kind === 'ended') this.#parts.expectations.noteRun(task, payloadBytes, end.result);
  }
}
