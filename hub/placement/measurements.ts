/** What placement knows of the past: how much fuel tasks take, how fast each side is, and what the way there costs. */
import type { Usage } from '../../runtime/index.js';
import { PLACEMENT_BOUNDS } from './limits.js';
import { LinearFit } from './linear-fit.js';

/** Recent runs count most. */
const WEIGHT = 1 / 8;
/** A run that is shorter measures the clock. */
const MEASURED_MS = 0.05;

/**
 * Milliseconds for a unit of fuel, by how much fuel runs took: one of next to nothing takes its time, too, most of all
 * the first one in a thread, and says nothing of a large one.
 */
interface Speed {
  readonly byAmount: (Pace | undefined)[];
  atMs: number;
}

interface Pace {
  readonly msPerFuel: number;
  /** Whether it is that of one short run alone, which paid for what nobody had used yet: the next one may be much faster. */
  readonly isCold: boolean;
}

/** What the first run of a task in a thread may take besides its work. */
const COLD_MS = 20;

/** Each is four times the one before: up to all the fuel that there can be. */
const AMOUNTS = 27;
/** What was seen of runs that took a sixteenth is near enough; what was seen of smaller ones is not. */
const NEAR = 2;

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
      let speed = this.#speeds.get(name);
      if (speed === undefined || nowMs - speed.atMs > PLACEMENT_BOUNDS.speedForMs) {
        speed = { byAmount: [], atMs: nowMs };
        this.#speeds.set(name, speed);
      }
      const amount = amountOf(fuel);
      speed.byAmount[amount] = paceAfter(speed.byAmount[amount], wallMs, fuel);
      speed.atMs = nowMs;
    }
  }

  /** For a run of so much fuel of that task there, or else of all tasks there. */
  speedOf(
    side: string,
    task: string,
    fuel: number,
    nowMs: number,
  ): { readonly fuelPerMs: number; readonly isMeasured: boolean } {
    const speed = this.#speeds.get(`${side}/${task}`) ?? this.#speeds.get(`${side}/`);
    const pace = speed && nearest(speed.byAmount, amountOf(fuel));
    if (speed === undefined || pace === undefined) {
      return { fuelPerMs: PLACEMENT_BOUNDS.fuelPerMs, isMeasured: false };
    }
    const isMeasured = !pace.isCold && nowMs - speed.atMs <= PLACEMENT_BOUNDS.speedForMs;
    return { fuelPerMs: 1 / pace.msPerFuel, isMeasured };
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

function amountOf(fuel: number): number {
  return Math.min(AMOUNTS - 1, Math.floor(Math.log2(fuel + 1) / 2));
}

function paceAfter(before: Pace | undefined, wallMs: number, fuel: number): Pace {
  const now = wallMs / fuel;
  if (before === undefined) return { msPerFuel: now, isCold: wallMs < COLD_MS };
  if (before.isCold) return { msPerFuel: Math.min(before.msPerFuel, now), isCold: false };
  return { msPerFuel: before.msPerFuel + (now - before.msPerFuel) * WEIGHT, isCold: false };
}

/** Of runs of that amount, or else of larger ones, or else of ones that are not much smaller. */
function nearest(byAmount: readonly (Pace | undefined)[], amount: number): Pace | undefined {
  for (let i = amount; i < byAmount.length; i++) if (byAmount[i] !== undefined) return byAmount[i];
  for (let i = amount - 1; i >= Math.max(0, amount - NEAR); i--) if (byAmount[i] !== undefined) return byAmount[i];
  return undefined;
}
