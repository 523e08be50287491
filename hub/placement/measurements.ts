/** What placement knows of the past: how much fuel tasks take, how fast each side is, and what the way there costs. */
import type { Usage } from '../../runtime/index.js';
import { PLACEMENT_BOUNDS } from './limits.js';
import { LinearFit } from './linear-fit.js';

/** Recent runs count most. */
const WEIGHT = 1 / 8;
/** A run that is shorter measures the clock. */
const MEASURED_MS = 0.05;

interface Speed {
  readonly msPerFuel: number;
  readonly atMs: number;
}

export class Measurements {
  readonly #fuel = new Map<string, LinearFit>();
  /** By side and task. */
  readonly #speeds = new Map<string, Speed>();
  readonly #transport = new Map<string, { readonly fit: LinearFit; atMs: number }>();

  /** @param payloadBytes of the event. */
  expectedFuel(task: string, payloadBytes: number): number {
    return this.#fuel.get(task)?.predict(payloadBytes) ?? 0;
  }

  noteFuel(task: string, payloadBytes: number, fuel: number): void {
    fitOf(this.#fuel, task).note(payloadBytes, fuel);
  }

  /** @param side "local", or a provider's name with a prefix of its own. */
  noteSpeed(side: string, task: string, { fuel, wallMs }: Pick<Usage, 'fuel' | 'wallMs'>, nowMs: number): void {
    if (wallMs < MEASURED_MS || fuel === 0) return;
    for (const name of [`${side}/${task}`, `${side}/`]) {
      const before = this.#speeds.get(name);
      const now = wallMs / fuel;
      const isOld = before === undefined || nowMs - before.atMs > PLACEMENT_BOUNDS.speedForMs;
      this.#speeds.set(name, {
        msPerFuel: isOld ? now : before.msPerFuel + (now - before.msPerFuel) * WEIGHT,
        atMs: nowMs,
      });
    }
  }

  /** Of that task there, or else of all tasks there. */
  speedOf(side: string, task: string, nowMs: number): { readonly fuelPerMs: number; readonly isMeasured: boolean } {
    const speed = this.#speeds.get(`${side}/${task}`) ?? this.#speeds.get(`${side}/`);
    if (speed === undefined) return { fuelPerMs: PLACEMENT_BOUNDS.fuelPerMs, isMeasured: false };
    const isMeasured = nowMs - speed.atMs <= PLACEMENT_BOUNDS.speedForMs;
    return { fuelPerMs: 1 / speed.msPerFuel, isMeasured };
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
