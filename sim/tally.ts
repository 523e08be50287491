/**
 * What was sent and what came back, counted; and how long a command took
 * from the sensor's message that is taken to have caused it.
 */
import type { HomeMessage } from './home.js';
import { SIM_LIMITS } from './limits.js';

/** Which sensors' messages lead to a command for which device. */
const CAUSES: Readonly<Record<string, readonly string[]>> = { light: ['motion', 'climate'], radiator: ['climate'] };

export interface Tally {
  readonly sent: ReadonlyMap<string, number>;
  /** By device and what it was told. */
  readonly obeyed: ReadonlyMap<string, number>;
  readonly notUnderstood: number;
  /** What came that was no command, by topic. */
  readonly heard: ReadonlyMap<string, number>;
  /** By device, in milliseconds, in no order. */
  readonly latenciesMs: ReadonlyMap<string, readonly number[]>;
}

export class Counting implements Tally {
  readonly sent = new Map<string, number>();
  readonly obeyed = new Map<string, number>();
  readonly heard = new Map<string, number>();
  readonly latenciesMs = new Map<string, number[]>();
  notUnderstood = 0;
  /** By room and sensor: when it last spoke, until a command has answered it. */
  private readonly spokeAtMs = new Map<string, number>();

  noteSent(kind: string, room: string | undefined, wallMs: number): void {
    increment(this.sent, kind);
    if (room !== undefined) this.spokeAtMs.set(`${room}/${kind}`, wallMs);
  }

  /** @param answer what the device reported, undefined when it made nothing of the command. */
  noteCommand(answer: HomeMessage | undefined, wallMs: number): void {
    if (answer === undefined) {
      this.notUnderstood += 1;
      return;
    }
    increment(this.obeyed, `${answer.kind} ${stateIn(answer.payload)}`);
    const causes = (CAUSES[answer.kind] ?? []).map((kind) => `${answer.room}/${kind}`);
    // The latest that may have caused it; each message is taken for the cause of one command at most.
    const since = Math.max(...causes.map((cause) => this.spokeAtMs.get(cause) ?? -Infinity));
    for (const cause of causes) this.spokeAtMs.delete(cause);
    if (since === -Infinity) return;
    const latencies = this.latenciesMs.get(answer.kind) ?? [];
    this.latenciesMs.set(answer.kind, latencies);
    if (latencies.length < SIM_LIMITS.latencies) latencies.push(wallMs - since);
  }

  noteHeard(topic: string): void {
    const known = this.heard.has(topic) || this.heard.size < SIM_LIMITS.reportedTopics;
    increment(this.heard, known ? topic : 'other topics');
  }
}

/** The value below which that share of all values lies (nearest rank). */
export function quantile(values: readonly number[], share: number): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}

function increment(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

function stateIn(payload: string): string {
  return /"state":"(\w+)"/.exec(payload)?.[1] ?? '';
}
