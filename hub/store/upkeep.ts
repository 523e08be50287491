import { Worker } from 'node:worker_threads';
import type { UpkeepAnswer, UpkeepRequest } from './upkeep-messages.js';

const THREAD = new URL('./upkeep-thread.js', import.meta.url);

/** Has what waits for the disk done in a thread, one after the other. The thread is started when it is first needed. */
export class Upkeep {
  readonly #file: string;
  readonly #asked = new Map<number, { resolve(): void; reject(error: Error): void }>();
  #thread: Worker | undefined;
  #count = 0;

  /** @param file The store's file. */
  constructor(file: string) {
    this.#file = file;
  }

  checkpoint(): Promise<void> {
    return this.#ask({ kind: 'checkpoint', id: this.#count++ });
  }

  backup(file: string): Promise<void> {
    return this.#ask({ kind: 'backup', id: this.#count++, file });
  }

  /** Finishes what it was asked for. */
  async close(): Promise<void> {
    const thread = this.#thread;
    if (thread === undefined) return;
    thread.ref();
    const ended = new Promise((resolve) => thread.once('exit', resolve));
    const request: UpkeepRequest = { kind: 'close' };
    thread.postMessage(request);
    await ended;
  }

  #ask(request: Exclude<UpkeepRequest, { kind: 'close' }>): Promise<void> {
    const thread = (this.#thread ??= this.#start());
    thread.ref();
    return new Promise((resolve, reject) => {
      this.#asked.set(request.id, { resolve, reject });
      thread.postMessage(request);
    });
  }

  #start(): Worker {
    const thread = new Worker(THREAD, { workerData: this.#file });
    thread.on('message', (answer: UpkeepAnswer) => this.#answered(thread, answer));
    thread.on('error', (error) => this.#gone(error));
    thread.on('exit', () => this.#gone(new Error('the thread ended')));
    return thread;
  }

  #answered(thread: Worker, { id, fault }: UpkeepAnswer): void {
    const asked = this.#asked.get(id);
    this.#asked.delete(id);
    if (this.#asked.size === 0) thread.unref();
    if (fault === undefined) asked?.resolve();
    else asked?.reject(new Error(fault));
  }

  /** The next request starts another. */
  #gone(error: Error): void {
    this.#thread = undefined;
    for (const asked of this.#asked.values()) asked.reject(error);
    this.#asked.clear();
  }
}
