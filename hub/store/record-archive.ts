import { AskedThread } from '../asked-thread.js';
import type { RecordAnswer, RecordQuestion, RecordRequest } from './record-messages.js';
import type { RunQuery } from './record-reader.js';

const THREAD = new URL('./record-thread.js', import.meta.url);

/**
 * Reads records of runs, in a thread that is started when it is first needed. It answers with JSON, which the hub's own
 * thread only passes on: a record may have megabytes.
 */
export class RecordArchive {
  readonly #thread: AskedThread<RecordQuestion, RecordAnswer>;
  #closed = false;

  /** @param file The store's. */
  constructor(file: string) {
    this.#thread = new AskedThread(THREAD, file);
  }

  /** A list of `RunSummary` as JSON, the latest first. @throws Error when they cannot be read. */
  async list(query: RunQuery): Promise<string> {
    return (await this.#ask((id) => ({ kind: 'list', id, query }))) ?? '[]';
  }

  /**
   * A `RecordJson` as JSON, or undefined when there is none.
   * @param bornMs when its event was taken, as far as its id says; 0 searches all. @throws Error when it cannot be read.
   */
  find(runId: string, bornMs: number): Promise<string | undefined> {
    return this.#ask((id) => ({ kind: 'find', id, runId, bornMs }));
  }

  /** Finishes what it was asked for. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#thread.finish({ kind: 'close' } satisfies RecordRequest);
  }

  async #ask(question: (id: number) => RecordQuestion): Promise<string | undefined> {
    if (this.#closed) throw new Error('Cannot read records as the hub is closed');
    const answer = await this.#thread.ask(question);
    return answer.kind === 'answered' ? answer.json : undefined;
  }
}
