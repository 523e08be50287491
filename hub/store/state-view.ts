import { Worker } from 'node:worker_threads';
import type { BucketView, KeyView, StateAnswer, StateQuery, ValueView } from './state-view-messages.js';
import { StoreError } from './store.js';

const THREAD = new URL('./state-view-thread.js', import.meta.url);

/**
 * The state of a store that a hub works on, as it is committed at the moment of each look. A look has a thread of its
 * own, which ends with it: that costs some 50 ms, and nothing while nobody looks.
 *
 * Each of its calls @throws StoreError 'view-failed'.
 */
export class StateView {
  readonly #file: string;

  /** @param file The store's. */
  constructor(file: string) {
    this.#file = file;
  }

  /** All buckets, by name. */
  async buckets(): Promise<readonly BucketView[]> {
    const answer = await this.#look({ kind: 'buckets' });
    if (answer.kind !== 'buckets') throw viewFailed(answer);
    return answer.buckets;
  }

  /** Keys of a bucket. */
  async keys(query: Omit<Extract<StateQuery, { kind: 'keys' }>, 'kind'>): Promise<readonly KeyView[]> {
    const answer = await this.#look({ kind: 'keys', ...query });
    if (answer.kind !== 'keys') throw viewFailed(answer);
    return answer.keys;
  }

  /** @returns undefined when there is no such key. */
  async value(bucket: string, key: string): Promise<ValueView | undefined> {
    const answer = await this.#look({ kind: 'value', bucket, key });
    if (answer.kind !== 'value') throw viewFailed(answer);
    return answer.value;
  }

  #look(query: StateQuery): Promise<StateAnswer> {
    return new Promise((resolve) => {
      const thread = new Worker(THREAD, { workerData: { file: this.#file, query } });
      thread.once('message', resolve);
      thread.once('error', (error) => resolve({ kind: 'fault', fault: error.message }));
      thread.once('exit', () => resolve({ kind: 'fault', fault: 'the thread ended' }));
    });
  }
}

function viewFailed(answer: StateAnswer): StoreError {
  const reason = answer.kind === 'fault' ? answer.fault : `the thread answered with ${answer.kind}`;
  return new StoreError('view-failed', `Cannot look at the state: ${reason}`);
}
