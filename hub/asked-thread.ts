import { Worker } from 'node:worker_threads';

/** What a thread answers; `fault`: it could not do what was asked. */
type Answered = { readonly id: number } & (
  | { readonly kind: 'fault'; readonly fault: string }
  | { readonly kind: string }
);

interface Asked<Answer> {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A thread that answers what it is asked, by number. It is started when it is first asked, and anew when it is asked after
 * it has died; while nothing is to be answered it keeps no process from ending.
 */
export class AskedThread<Question extends { readonly id: number }, Answer extends Answered> {
  readonly #script: URL;
  readonly #workerData: unknown;
  readonly #asked = new Map<number, Asked<Answer>>();
  #thread: Worker | undefined;
  #count = 0;
  #isFinishing = false;

  constructor(script: URL, workerData: unknown) {
    this.#script = script;
    this.#workerData = workerData;
  }

  /** @param give Handed over instead of copied. @throws Error with the thread's fault, or when it dies meanwhile. */
  ask(numbered: (id: number) => Question, give: readonly ArrayBuffer[] = []): Promise<Answer> {
    const thread = (this.#thread ??= this.#start());
    thread.ref();
    const question = numbered(this.#count++);
    return new Promise((resolve, reject) => {
      this.#asked.set(question.id, { resolve, reject });
      thread.postMessage(question, [...give]);
    });
  }

  /** Has the thread do the rest and end by itself, as it does when it is told this. */
  async finish(last: unknown): Promise<void> {
    const thread = this.#thread;
    if (thread === undefined) return;
    this.#isFinishing = true;
    thread.ref();
    const ended = new Promise((resolve) => thread.once('exit', resolve));
    thread.postMessage(last);
    await ended;
  }

  /** What it is at is left half done. */
  async terminate(): Promise<void> {
    await this.#thread?.terminate();
  }

  #start(): Worker {
    const thread = new Worker(this.#script, { workerData: this.#workerData });
    thread.on('message', (answer: Answer) => this.#answered(thread, answer));
    thread.on('error', (error) => this.#gone(thread, error));
    thread.on('exit', () => this.#gone(thread, new Error('the thread ended')));
    return thread;
  }

  #answered(thread: Worker, answer: Answer): void {
    const asked = this.#asked.get(answer.id);
    this.#asked.delete(answer.id);
    if (this.#asked.size === 0 && !this.#isFinishing) thread.unref();
    if ('fault' in answer) asked?.reject(new Error(answer.fault));
    else asked?.resolve(answer);
  }

  /** One that had an error exits, too: by then another may be there. */
  #gone(thread: Worker, error: unknown): void {
    if (this.#thread !== thread) return;
    this.#thread = undefined;
    const reason = error instanceof Error ? error : new Error(String(error));
    for (const asked of this.#asked.values()) asked.reject(reason);
    this.#asked.clear();
  }
}
