import { Worker } from 'node:worker_threads';
import type { RecordAnswer, RecordQuestion, RecordRequest } from './record-messages.js';
import type { RunQuery } from './record-reader.js';

const THREAD = new URL('./record-thread.js', import.meta.url);

/**
 * Reads records of runs, in a thread that is started when it is first needed. It answers with JSON, which the hub's own
 * thread only passes on: a record may have megabytes.
 */
export class RecordArchive {
  readonly #file: string;
  readonly #asked = new Map<number, { resolve(answer: RecordAnswer): void; reject(error: Error): void }>();
  #thread: Worker | undefined;
  #count = 0;
  #closed = false;

  /** @param file The store's. */
  constructor(file: string) {
    this.#file = file;
  }

  /** A list of `RunSummary` as JSON, the latest first. @throws Error when they cannot be read. */
  async list(query: RunQuery): Promise<string> {
    return (await this.#ask({ kind: 'list', id: this.#count++, query })) ?? '[]';
  }

  /**
   * A `RecordJson` as JSON, or undefined when there is none.
   * @param bornMs when its event was taken, as far as its id says; 0 searches all. @throws Error when it cannot be read.
   */
  find(runId: string, bornMs: number): Promise<string | undefined> {
    return this.#ask({ kind: 'find', id: this.#count++, runId, bornMs });
  }

  /** Finishes what it was asked for. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    const thread = this.#thread;
    if (thread === undefined) return;
    thread.ref();
    const ended = new Promise((resolve) => thread.once('exit', resolve));
    thread.postMessage({ kind: 'close' } satisfies RecordRequest);
    await ended;
  }

  async #ask(question: RecordQuestion): Promise<string | undefined> {
    if (this.#closed) throw new Error('Cannot read records as the hub is closed');
    const thread = (this.#thread ??= this.#start());
    thread.ref();
    const answer = await new Promise<RecordAnswer>((resolve, reject) => {
      this.#asked.set(question.id, { resolve, reject });
      thread.postMessage(question);
    });
    if (answer.kind === 'fault') throw new Error(answer.fault);
    return answer.json;
  }

  #start(): Worker {
    const thread = new Worker(THREAD, { workerData: this.#file });
    thread.on('message', (answer: RecordAnswer) => this.#answered(thread, answer));
    thread.on('error', (error) => this.#gone(error));
    thread.on('exit', () => this.#gone(new Error('the thread that reads records ended')));
    return thread;
  }

  #answered(thread: Worker, answer: RecordAnswer): void {
    const asked = this.#asked.get(answer.id);
    this.#asked.delete(answer.id);
    if (this.#asked.size === 0) thread.unref();
    asked?.resolve(answer);
  }

  /** The next question starts another. */
  #gone(error: unknown): void {
    this.#thread = undefined;
    const reason = error instanceof Error ? error : new Error(String(error));
    for (const asked of this.#asked.values()) asked.reject(reason);
    this.#asked.clear();
  }
}
