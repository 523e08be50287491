import type { RunResult } from '../../runtime/index.js';
import type { Used } from '../migration/index.js';
import type { RemoteProvider } from '../session/index.js';
import type { Timer } from '../timer.js';
import { sharedSpeed } from './cost.js';
import { Measurements } from './measurements.js';

interface Speed {
  readonly fuelPerMs: number;
  readonly isMeasured: boolean;
}

/**
 * What runs are expected to take here and at each provider: by what was measured, and by what is under way there. A side
 * is a provider's name, or undefined for this machine.
 */
export class Expectations {
  readonly #timer: Pick<Timer, 'nowMs'>;
  readonly #measurements = new Measurements();
  /** Expected work of the runs that are under way, in milliseconds, by side. */
  readonly #underWayMs = new Map<string, number>();

  constructor(timer: Pick<Timer, 'nowMs'>) {
    this.#timer = timer;
  }

  /** What a run of the task takes. */
  fuelOf(task: string, payloadBytes: number): number {
    return this.#measurements.expectedFuel(task, payloadBytes);
  }

  /** Of a run of so much fuel. */
  speedOf(task: string, fuel: number, provider?: string): Speed {
    return this.#measurements.speedOf(sideOf(provider), task, fuel, this.#timer.nowMs());
  }

  /** Of a run at a provider at which so many others take turns. */
  sharedSpeedOf(
    task: string,
    fuel: number,
    { name, capacity }: Pick<RemoteProvider, 'name' | 'capacity'>,
    others: number,
  ): Speed {
    const { fuelPerMs, isMeasured } = this.speedOf(task, fuel, name);
    return { fuelPerMs: sharedSpeed(fuelPerMs, { others, threads: capacity.threads }), isMeasured };
  }

  /** Expected work that is under way, in milliseconds of one thread. */
  underWayMs(provider?: string): number {
    return this.#underWayMs.get(sideOf(provider)) ?? 0;
  }

  /** So much work is under way from now on. @returns what is called when it is over. */
  begins(ms: number, provider?: string): () => void {
    this.#add(sideOf(provider), ms);
    return () => this.#add(sideOf(provider), -ms);
  }

  /** What a run would wait for its turn at a provider, which says so itself once a second only. */
  queueMs({ name, queueMs, capacity }: Pick<RemoteProvider, 'name' | 'queueMs' | 'capacity'>): number {
    return Math.max(queueMs, this.underWayMs(name) / Math.max(1, capacity.threads));
  }

  /** From the first byte out to the last byte home, besides waiting and executing. */
  transportMs({ name, roundTripMs }: Pick<RemoteProvider, 'name' | 'roundTripMs'>, payloadBytes: number): number {
    return this.#measurements.transportMs(name, payloadBytes, roundTripMs ?? 0, this.#timer.nowMs());
  }

  /** A run is over. One that was cancelled would have taken more fuel. */
  noteRun(
    task: string,
    payloadBytes: number,
    { outcome, usage }: Pick<RunResult, 'outcome' | 'usage'>,
    provider?: string,
  ): void {
    if (outcome.kind !== 'cancelled') this.noteFuel(task, payloadBytes, usage.fuel);
    this.noteSpeed(task, usage, provider);
  }

  noteFuel(task: string, payloadBytes: number, fuel: number): void {
    this.#measurements.noteFuel(task, payloadBytes, fuel);
  }

  noteSpeed(task: string, used: Used, provider?: string): void {
    this.#measurements.noteSpeed(sideOf(provider), task, used, this.#timer.nowMs());
  }

  noteTransport(provider: string, bytes: number, ms: number): void {
    this.#measurements.noteTransport(provider, bytes, ms, this.#timer.nowMs());
  }

  #add(side: string, ms: number): void {
    this.#underWayMs.set(side, Math.max(0, (this.#underWayMs.get(side) ?? 0) + ms));
  }
}

/** A provider may be called "local". */
function sideOf(provider: string | undefined): string {
  return provider === undefined ? 'local' : `at ${provider}`;
}
