/** What was learnt of topics that must not leave the hub stays where it was kept, whoever wrote it there and is gone. */
import type { Logger } from '../log.js';
import type { Manifest } from '../manifest/index.js';
import type { Store } from '../store/index.js';
import { taintedBuckets } from './private-state.js';

export interface LearntBucketsParts {
  readonly store: Pick<Store, 'learntBuckets' | 'noteLearnt' | 'forgetEmptyLearnt'>;
  /** Besides local/#. */
  readonly privateTopics: readonly string[];
  readonly log: Pick<Logger, 'warn'>;
}

/**
 * Buckets that may hold such things: a task that could have written them there was deployed while they had keys. They are
 * remembered with the state, so that privacy goes where the data goes, until the bucket is empty.
 */
export class LearntBuckets {
  readonly #parts: LearntBucketsParts;
  /** As the store has them. */
  #kept: ReadonlyMap<string, string>;
  /** Those that it could not take. */
  #unkept: ReadonlyMap<string, string> = new Map();
  #buckets: ReadonlyMap<string, string>;

  constructor(parts: LearntBucketsParts) {
    this.#parts = parts;
    this.#kept = parts.store.learntBuckets();
    this.#buckets = this.#kept;
  }

  /** By the bucket, a task that may have written it. */
  get buckets(): ReadonlyMap<string, string> {
    return this.#buckets;
  }

  /**
   * Looks at the tasks before they write anything.
   * @param areAlone No run goes on of a task, or of a version, that is not one of these: it could still write.
   */
  look(tasks: readonly Manifest[], areAlone: boolean): void {
    const { store, privateTopics } = this.#parts;
    if (areAlone && this.#kept.size > 0) {
      this.#write(() => {
        store.forgetEmptyLearnt();
        this.#kept = store.learntBuckets();
      });
    }
    this.#buckets = taintedBuckets(tasks, privateTopics, new Map([...this.#kept, ...this.#unkept]));
    this.#unkept = new Map([...this.#buckets].filter(([bucket]) => !this.#kept.has(bucket)));
    if (this.#unkept.size === 0) return;
    this.#write(() => {
      store.noteLearnt(this.#unkept);
      this.#kept = this.#buckets;
      this.#unkept = new Map();
    });
  }

  /** What cannot be written is known until the hub stops, and its tasks are looked at again when it starts. */
  #write(write: () => void): void {
    try {
      write();
    } catch (error) {
      this.#parts.log.warn({ err: error }, 'cannot note which buckets are private');
    }
  }
}
