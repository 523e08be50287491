/** What placement knows of the past: how much fuel tasks take, how fast each side is, and what the way there costs. */
import { PLACEMENT_BOUNDS } from './limits.js';
import { LinearFit } from './linear-fit.js';

/** Recent runs count most. */
const WEIGHT = 1 / 8;
/** A run that is shorter measures the clock. */
const MEASURED_MS = 0.05;

export class Measurements {
  readonly #fuel = new Map<string, LinearFit>();
  /** By side and task. */
  readonly #msPerFuel = new Map<string, number>();
  readonly #transport = new Map<string, { readonly fit: LinearFit; atMs: number }>();

  /** @param payloadBytes of the event. */
  expectedFuel(task: string, payloadBytes: number): number {
    return this.#fuel.get(task)?.predict(payloadBytes) ?? 0;
  }

  isKnown(task: string): boolean {
    return this.#fuel.has(task);
  }

  noteFuel(task: string, payloadBytes: number, fuel: number): void {
    fitOf(this.#fuel, task).note(payloadBytes, fuel);
  }

  /** @param side "local", or a provider's name with a prefix of its own. */
  noteSpeed(side: string, task: string, fuel: number, wallMs: number): void {
    if (wallMs < MEASURED_MS || fuel === 0) return;
    for (const name of [`${side}/${task}`, `${side}/`]) {
      const before = this.#msPerFuel.get(name);
      const now = wallMs / fuel;
      this.#msPerFuel.set(name, before === undefined ? now : before + (now - before) * WEIGHT);
    }
  }

  /** Of that task there, or else of all tasks there; undefined when nothing ran there. */
  fuelPerMs(side: string, task: string): number | undefined {
    const msPerFuel = this.#msPerFuel.get(`${side}/${task}`) ?? this.#msPerFuel.get(`${side}/`);
    return msPerFuel === undefined ? undefined : 1 / msPerFuel;
  }

  noteTransport(provider: string, bytes: number, ms: number, nowMs: number): void {
    let transport = this.#transport.get(provider);
    if (transport === undefined) this.#transport.set(provider, (transport = { fit: new LinearFit(), atMs: 0 }));
    transport.fit.note(bytes, ms);
    transport.atMs = nowMs;
  }

  /** @param roundTripMs of the last beats, which go on when no run is sent. */
  transportMs(provider: string, bytes: number, roundTripMs: number, nowMs: number): number {
    const least = roundTripMs + bytes / PLACEMENT_BOUNDS.bytesPerMs;
    const transport = this.#transport.get(provider);
    if (transport === undefined || nowMs - transport.atMs > PLACEMENT_BOUNDS.measuredForMs) return least;
    return Math.max(roundTripMs, transport.fit.predict(bytes));
  }
}

function fitOf(fits: Map<string, LinearFit>, name: string): LinearFit {
  let fit = fits.get(name);
  if (fit === undefined) fits.set(name, (fit = new LinearFit()));
  return fit;
}
