/**
 * A state in which nothing is stored, and which notes who looked: process and
 * thread of each run that reads a key, under the number that the key is. Notes
 * are files, so that other processes can leave them too.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import type { StateReader } from '../../runtime/index.js';

/** How long a run waits for the others that it is to meet. */
const MEETING_MS = 10_000;

export class ThreadWitness {
  /** @param dir Where the notes are: a new folder, unless it is another's. */
  constructor(readonly dir = mkdtempSync(join(tmpdir(), 'sterna-witness-'))) {}

  /** What `createRuntime` is given. */
  get state(): { readonly module: URL; readonly options: unknown } {
    return { module: new URL('./thread-witness.js', import.meta.url), options: this.dir };
  }

  /** The thread that looked at key `slot` last. */
  thread(slot: number): number | undefined {
    return this.#noted(slot)?.[1];
  }

  /** The process in which it was. */
  process(slot: number): number | undefined {
    return this.#noted(slot)?.[0];
  }

  #noted(slot: number): number[] | undefined {
    const path = join(this.dir, String(slot));
    const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
    return text === '' ? undefined : text.split(' ').map(Number);
  }

  note(slot: number): void {
    writeFileSync(join(this.dir, String(slot)), `${process.pid} ${threadId}`);
  }

  forget(slot: number): void {
    rmSync(join(this.dir, String(slot)), { force: true });
  }

  /** Holds this thread until someone has looked at `slot`. */
  meet(slot: number): void {
    const until = performance.now() + MEETING_MS;
    const clock = new Int32Array(new SharedArrayBuffer(4));
    while (this.#noted(slot) === undefined && performance.now() < until) Atomics.wait(clock, 0, 0, 2);
  }

  get #trap(): string {
    return join(this.dir, 'trap');
  }

  /** From now on, runs that read the key "<slot> trap" are in a system call that does not return: no thread ends in one. */
  setTrap(): void {
    execFileSync('mkfifo', [this.#trap]);
  }

  enterTrap(): void {
    closeSync(openSync(this.#trap, 'r'));
  }

  /** Lets the thread out that is in the trap. There must be one. */
  openTrap(): void {
    closeSync(openSync(this.#trap, 'w'));
  }

  close(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/**
 * What the runtime loads in each of its threads. A key "3" is noted in slot 3;
 * at "3 4" the run also waits until another has looked at "4", and at "3 trap"
 * it enters the trap.
 */
export function openState(options: unknown): StateReader {
  if (typeof options !== 'string') throw new TypeError('options must be the folder of a ThreadWitness');
  const witness = new ThreadWitness(options);
  const look = (key: string): undefined => {
    const [slot, other] = key.split(' ');
    witness.note(Number(slot));
    if (other === 'trap') witness.enterTrap();
    else if (other !== undefined) witness.meet(Number(other));
  };
  return {
    snapshot: () => ({
      get: (_bucket, key) => look(key),
      keys: () => [],
      keysVersion: () => 0,
      release: () => undefined,
    }),
    close: () => undefined,
  };
}
