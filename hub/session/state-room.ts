import type { Bytes } from '../../runtime/index.js';
import { PROTOCOL_BOUNDS } from '../../provider/protocol/index.js';
import type { BucketUsage } from '../store/index.js';
import { fittingState, type FittingState } from './fitting-state.js';
import type { ReadingTask } from './provider-session.js';

/**
 * The state that one provider has room for. Tasks whose buckets are too much are not executed there, as long as they are,
 * and nothing of their state is sent: what is more than a session may have would end it, for all tasks.
 */
export class StateRoom {
  readonly #usageOf: (bucket: string) => BucketUsage;
  #mostBytes: Bytes = Infinity;
  #tasks: readonly ReadingTask[] = [];
  #earlier: readonly ReadingTask[] = [];
  /** Tasks that the provider does not execute for reasons of its own. */
  #refused: ReadonlySet<string> = new Set();
  #fitting: FittingState = { buckets: new Map(), tooMuch: new Map() };
  /** What the buckets that are there have now. */
  #sizes = new Map<string, Bytes>();
  #bytes: Bytes = 0;

  /** @param usageOf How full a bucket is, with all that was committed. */
  constructor(usageOf: (bucket: string) => BucketUsage) {
    this.#usageOf = usageOf;
  }

  /** Those that are to be there. */
  get buckets(): ReadonlySet<string> {
    return new Set(this.#fitting.buckets.keys());
  }

  /** Why the state of a task is too much, in words; undefined when it is not. */
  surplusOf(task: string): string | undefined {
    return this.#reasonFor(this.#tasks, task);
  }

  /** The same of the versions of it of which runs are there. */
  earlierSurplusOf(task: string): string | undefined {
    return this.#reasonFor(this.#earlier, task);
  }

  /** @param earlier Versions of which runs are there: they come first. */
  configure(tasks: readonly ReadingTask[], earlier: readonly ReadingTask[]): void {
    [this.#tasks, this.#earlier] = [tasks, earlier];
    this.#look();
  }

  /** A session has begun whose state may have so many bytes. */
  opened(mostBytes: Bytes): void {
    this.#mostBytes = mostBytes;
    this.#look();
  }

  /** The provider has said which tasks it does not execute. */
  refused(tasks: ReadonlySet<string>): void {
    this.#refused = tasks;
    this.#look();
  }

  /** Buckets were written to. @returns whether other tasks fit than before. */
  written(buckets: ReadonlySet<string>): boolean {
    for (const bucket of buckets) {
      const before = this.#sizes.get(bucket);
      if (before === undefined) continue;
      const now = this.#bytesOf(bucket);
      this.#sizes.set(bucket, now);
      this.#bytes += now - before;
    }
    // What has become less may let those in that were too much.
    return (this.#bytes > this.#mostBytes || this.#fitting.tooMuch.size > 0) && this.#look();
  }

  /** @returns whether other tasks fit than before. */
  #look(): boolean {
    const before = this.#fitting.tooMuch;
    const names = new Set([...before.keys()].map(({ name }) => name));
    this.#fitting = fittingState({
      tasks: [...this.#earlier, ...this.#tasks.filter(({ name }) => !this.#refused.has(name))],
      bytesOf: (bucket) => this.#bytesOf(bucket),
      mostBytes: this.#mostBytes,
      wasTooMuch: ({ name }) => names.has(name),
    });
    const { buckets, tooMuch } = this.#fitting;
    this.#sizes = new Map(buckets);
    this.#bytes = [...buckets.values()].reduce((sum, bytes) => sum + bytes, 0);
    return tooMuch.size !== before.size || [...tooMuch.keys()].some((task) => !before.has(task));
  }

  #reasonFor(tasks: readonly ReadingTask[], name: string): string | undefined {
    const task = tasks.find((one) => one.name === name);
    return task && this.#fitting.tooMuch.get(task);
  }

  /** As the provider counts, or somewhat more: names count by their characters there, and by their bytes here. */
  #bytesOf(bucket: string): Bytes {
    const { keys, bytes } = this.#usageOf(bucket);
    return bytes + keys * (PROTOCOL_BOUNDS.stateEntryBytes + bucket.length);
  }
}
