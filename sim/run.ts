/**
 * Runs a home in simulated time against a broker: what falls due is
 * published, what comes back is obeyed.
 */
import { Home } from './home.js';
import { SIM_LIMITS, START_MS } from './limits.js';
import type { Heard, SimConnection } from './connection.js';
import { formatReport } from './report.js';
import { Counting } from './tally.js';

export interface SimOptions {
  readonly seed: number;
  /** Simulated seconds per second. */
  readonly speed: number;
  readonly rooms: number;
  /** How long to go on, in real milliseconds; undefined: until the signal. */
  readonly forMs: number | undefined;
  /** Rogue tasks to wake now and then, with a message to `rogue/<name>/poke`. */
  readonly poke: readonly string[];
}

/** Real time, passed in. */
export interface Timing {
  /** Milliseconds, monotonic. */
  nowMs(): number;
  /** Resolves after so long, or when the signal fires. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

export type Connect = (heard: Heard) => Promise<SimConnection>;

/** @returns the report. @throws what `connect` throws. */
export async function runSim(
  options: SimOptions,
  connect: Connect,
  timing: Timing,
  signal: AbortSignal,
): Promise<string> {
  const run = new SimRun(options, timing);
  await run.open(connect);
  try {
    await run.play(signal);
    await run.settle();
  } finally {
    await run.close();
  }
  return run.report();
}

class SimRun {
  private readonly home: Home;
  private readonly tally = new Counting();
  private connection: SimConnection | undefined;
  private startedMs = 0;
  private stoppedMs = 0;
  private lastHeardMs = 0;
  private nextPokeMs = 0;
  private poked = 0;
  private inFlight = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(
    private readonly options: SimOptions,
    private readonly timing: Timing,
  ) {
    this.home = new Home({ seed: options.seed, rooms: options.rooms, startMs: START_MS });
  }

  async open(connect: Connect): Promise<void> {
    this.connection = await connect((topic, payload) => this.heard(topic, payload));
    this.startedMs = this.timing.nowMs();
    this.nextPokeMs = this.startedMs;
  }

  async play(signal: AbortSignal): Promise<void> {
    const { forMs, speed } = this.options;
    const endMs = forMs === undefined ? Infinity : this.startedMs + forMs;
    for (let nowMs = this.timing.nowMs(); nowMs < endMs && !signal.aborted; nowMs = this.timing.nowMs()) {
      const messages = this.home.advance(this.simulatedMs(nowMs));
      for (const { topic, payload, kind, room } of messages) await this.send(topic, payload, kind, room);
      await this.pokeIfDue(nowMs);
      if (messages.length === SIM_LIMITS.burst) continue;
      const dueMs = (this.home.nextAtMs - this.simulatedMs(nowMs)) / speed;
      await this.timing.wait(Math.min(Math.max(dueMs, 1), SIM_LIMITS.napMs, endMs - nowMs), signal);
    }
    this.stoppedMs = this.timing.nowMs();
  }

  /** Goes on obeying until nothing has come back for a moment. */
  async settle(): Promise<void> {
    const endMs = this.stoppedMs + SIM_LIMITS.settleMs;
    const never = new AbortController().signal;
    for (let nowMs = this.timing.nowMs(); nowMs < endMs; nowMs = this.timing.nowMs()) {
      const quietMs = nowMs - Math.max(this.lastHeardMs, this.stoppedMs);
      if (quietMs >= SIM_LIMITS.quietMs && this.inFlight === 0) return;
      await this.timing.wait(SIM_LIMITS.quietMs / 4, never);
    }
  }

  async close(): Promise<void> {
    await this.connection?.close();
  }

  report(): string {
    const { rooms, seed, speed } = this.options;
    const wallMs = this.stoppedMs - this.startedMs;
    return formatReport(this.tally, { rooms, seed, speed, wallMs, simulatedMs: wallMs * speed });
  }

  private simulatedMs(nowMs: number): number {
    return START_MS + (nowMs - this.startedMs) * this.options.speed;
  }

  private async pokeIfDue(nowMs: number): Promise<void> {
    const { poke } = this.options;
    if (poke.length === 0 || nowMs < this.nextPokeMs) return;
    this.nextPokeMs = nowMs + SIM_LIMITS.pokeMs;
    this.poked += 1;
    for (const name of poke)
      await this.send(`rogue/${name}/poke`, JSON.stringify({ n: this.poked }), 'poke', undefined);
  }

  private heard(topic: string, payload: Uint8Array): void {
    if (this.home.owns(topic) || topic.startsWith('rogue/') || topic.startsWith('$')) return;
    const nowMs = this.timing.nowMs();
    this.lastHeardMs = nowMs;
    if (!topic.endsWith('/set')) return this.tally.noteHeard(topic);
    const answer = this.home.obey(topic, payload, this.simulatedMs(nowMs));
    this.tally.noteCommand(answer, nowMs);
    // Not waited for: the network's turn must not wait for itself.
    if (answer !== undefined) void this.send(answer.topic, answer.payload, answer.kind, undefined);
  }

  private async send(topic: string, payload: string, kind: string, room: string | undefined): Promise<void> {
    if (this.inFlight >= SIM_LIMITS.inFlight) {
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
    this.tally.noteSent(kind, room, this.timing.nowMs());
    this.inFlight += 1;
    // One that is lost is lost: a device does not ask either.
    this.connection?.publish(topic, payload).then(this.landed, this.landed);
  }

  private readonly landed = (): void => {
    this.inFlight -= 1;
    this.waiting.shift()?.();
  };
}
