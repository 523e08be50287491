/** A hub and a provider as processes of their own, and commands that ask them. */
import { createInterface } from 'node:readline';
import { setTimeout as passed } from 'node:timers/promises';
import { ended, launch, Plain, stopping } from '../start/programs.mjs';

const LOOK_MS = 100;
/** Executing a run again takes as long as its work did. */
const COMMAND_MS = 180_000;
/** What a program said, shown when it fails. */
const KEPT_LINES = 30;

/** A program that goes on until it is stopped. */
export class Program {
  #child;
  #name;
  #said = [];
  /** Lines of its report. */
  lines = [];

  constructor(name, args) {
    this.#name = name;
    this.#child = launch(args, ['ignore', 'pipe', 'pipe']);
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.lines.push(line));
    createInterface({ input: this.#child.stderr }).on('line', (line) => {
      this.#said = [...this.#said, line].slice(-KEPT_LINES);
    });
  }

  /** Waits for a line, and answers with what matched. @throws Plain when it ends before, or takes too long. */
  async says(what, ms) {
    return found(`${this.#name} says ${what}`, ms, () => {
      const { exitCode, signalCode } = this.#child;
      if (exitCode !== null || signalCode !== null) {
        throw new Plain(`${this.#name} ended unexpectedly; it said:\n${this.#said.join('\n')}`);
      }
      for (const line of this.lines) {
        const match = what.exec(line);
        if (match !== null) return match;
      }
      return undefined;
    });
  }

  /** Stops it in order. Answers with its exit code. */
  async stop() {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill('SIGINT');
    await ended(this.#child);
    return this.#child.exitCode;
  }
}

/** Runs a command of sterna to its end. Answers with what it printed. @throws Plain when it fails. */
export async function sterna(...args) {
  const child = launch(args, ['ignore', 'pipe', 'pipe']);
  let [out, complaint] = ['', ''];
  child.stdout.on('data', (chunk) => (out += chunk));
  child.stderr.on('data', (chunk) => (complaint += chunk));
  await ended(child, COMMAND_MS);
  if (child.signalCode !== null) throw new Plain(`sterna ${args[0]} was ended by ${child.signalCode}`);
  if (child.exitCode !== 0) throw new Plain(`sterna ${args[0]} failed: ${(complaint || out).trim()}`);
  return out.trim();
}

/** Looks until there is something. @throws Plain when that takes too long, or somebody has stopped it all. */
export async function found(what, ms, look) {
  for (const untilMs = performance.now() + ms; performance.now() < untilMs;) {
    if (stopping()) throw new Plain('stopped');
    const value = await look();
    if (value !== undefined) return value;
    await passed(LOOK_MS);
  }
  throw new Plain(`waited in vain for ${Math.round(ms / 1_000)} s until ${what}`);
}
