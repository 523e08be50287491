/** Which run moves next of its own accord, where to, and why: pure. */
import { MIGRATION_BOUNDS } from './limits.js';

/** A run that could move, or has. */
export interface Candidate {
  readonly runId: string;
  readonly executes: 'hub' | 'provider';
  /** The provider that it is at, or would be over at first. */
  readonly provider: string;
  /** What it has used so far. */
  readonly fuel: number;
  /** What it is expected to take in all; 0 when nobody knows. */
  readonly expectedFuel: number;
  /** Of its last checkpoint. */
  readonly checkpointBytes: number;
  /** How long it has been where it is, in milliseconds. */
  readonly hereForMs: number;
  /** Whether its effects are for devices at the hub. */
  readonly isForHere: boolean;
  readonly there: Outlook;
}

/** A provider, as far as a run of a task looks at it. */
export interface Outlook {
  readonly fuelPerMs: number;
  readonly queueMs: number;
  readonly roundTripMs: number;
  readonly bytesPerMs: number;
}

export interface HubLoad {
  readonly fuelPerMs: number;
  /** How many runs there are for each thread, at least 1: those that execute and those that wait for a thread. */
  readonly runsPerThread: number;
  /** How much more work here counts: on battery, or when it is hot. */
  readonly weight: number;
}

export interface Selected {
  readonly runId: string;
  /** The provider's name; undefined for the hub. */
  readonly to: string | undefined;
  /** In a sentence. */
  readonly why: string;
}

/** Of all runs that would be over sooner elsewhere, the one that gains most; undefined when all are where they should be. */
export function selectMove(candidates: readonly Candidate[], hub: HubLoad): Selected | undefined {
  let best: { readonly gainMs: number; readonly move: Selected } | undefined;
  for (const candidate of candidates) {
    const { hereForMs, executes, runId, provider } = candidate;
    if (hereForMs < MIGRATION_BOUNDS.dwellMs) continue;
    const { hereMs, thereMs } = costs(candidate, hub);
    const [stayMs, moveMs] = executes === 'hub' ? [hereMs, thereMs] : [thereMs, hereMs];
    const gainMs = stayMs - moveMs;
    if (gainMs < MIGRATION_BOUNDS.gainMs || gainMs < stayMs * MIGRATION_BOUNDS.gain) continue;
    if (best !== undefined && best.gainMs >= gainMs) continue;
    const weight = hub.weight === 1 ? '' : `, where work counts ${hub.weight} times`;
    const why = `it is expected to take ${seconds(hereMs)} more here${weight}, and ${seconds(thereMs)} at ${provider}`;
    best = { gainMs, move: { runId, to: executes === 'hub' ? provider : undefined, why } };
  }
  return best?.move;
}

/** What is left of it on each side, with the way there. */
function costs(candidate: Candidate, hub: HubLoad): { readonly hereMs: number; readonly thereMs: number } {
  const { executes, checkpointBytes, isForHere, there } = candidate;
  const left = leftOf(candidate);
  const wayMs = there.roundTripMs + checkpointBytes / there.bytesPerMs;
  // What devices here wait for comes home over the link.
  const homeMs = isForHere ? there.roundTripMs : 0;
  const hereMs = (hub.weight * hub.runsPerThread * left) / hub.fuelPerMs + (executes === 'provider' ? wayMs : 0);
  const thereMs = left / there.fuelPerMs + homeMs + (executes === 'hub' ? wayMs + there.queueMs : 0);
  return { hereMs, thereMs };
}

/** Of one that nobody knows, or that took more than expected: as much again as it took so far. */
function leftOf({ fuel, expectedFuel }: Candidate): number {
  return expectedFuel > fuel ? expectedFuel - fuel : fuel;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
