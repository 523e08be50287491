import { DEFAULT_POINTS, explainResumable, type Resumability } from '../../runtime/index.js';
import type { Registry } from '../registry/index.js';

export interface ResumabilitiesParts {
  readonly registry: Pick<Registry, 'get'>;
  /** The component of a digest, while it is kept. */
  readonly component: (digest: string) => Promise<Uint8Array | undefined>;
  /** Where prepared components are kept. */
  readonly cacheDir: string;
}

/** Whether a deployed task is resumable, and whether it could be. */
export interface TaskResumability {
  /** What its manifest says. */
  readonly declared: boolean;
  /** What it costs, or would cost, or why it cannot be; absent when nobody can say. */
  readonly could?: Resumability;
}

/** Says of tasks whether they can be resumable. Each answer prepares a component twice, unless it was: one after another. */
export class Resumabilities {
  readonly #parts: ResumabilitiesParts;
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: ResumabilitiesParts) {
    this.#parts = parts;
  }

  /** @returns undefined when there is no such task. @throws RuntimeError when its component cannot be prepared any more. */
  of(name: string): Promise<TaskResumability | undefined> {
    const answer = this.#last.then(() => this.#explain(name));
    this.#last = answer.catch(() => undefined);
    return answer;
  }

  async #explain(name: string): Promise<TaskResumability | undefined> {
    const { registry, component, cacheDir } = this.#parts;
    const task = registry.get(name);
    if (task === undefined) return undefined;
    const { limits, resumable } = task.manifest;
    const declared = resumable !== undefined;
    const bytes = await component(task.installed.digest);
    if (bytes === undefined) return { declared };
    const points = resumable?.points ?? DEFAULT_POINTS;
    return { declared, could: await explainResumable(bytes, { cacheDir, memoryBytes: limits.memoryBytes, points }) };
  }
}
