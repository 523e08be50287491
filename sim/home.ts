/**
 * A seeded home: what its devices say, in the order of simulated time, with
 * the topics and payloads of zigbee2mqtt.
 *
 * It knows no clock and no network: simulated time is passed in, messages
 * are answered. The same seed, times and commands give the same messages.
 */
import type { Report } from './device.js';
import { SIM_LIMITS } from './limits.js';
import { between, randomFor, type Random } from './random.js';
import { Room } from './room.js';

export interface HomeMessage {
  readonly topic: string;
  /** JSON. */
  readonly payload: string;
  readonly room: string;
  /** motion, climate, contact, plug, light, radiator. */
  readonly kind: string;
  /** Simulated milliseconds since 1970. */
  readonly atMs: number;
}

export interface HomeOptions {
  readonly seed: number;
  readonly rooms: number;
  /** Simulated milliseconds since 1970. */
  readonly startMs: number;
}

const BASE = 'zigbee2mqtt';
const NAMES = ['living', 'kitchen', 'bedroom', 'bath', 'hall', 'office', 'nursery', 'attic', 'garage', 'cellar'];

const decoder = new TextDecoder();

export class Home {
  private readonly rooms = new Map<string, Room>();
  private readonly radio: Random;

  constructor(options: HomeOptions) {
    this.radio = randomFor(options.seed, 'radio');
    for (let i = 0; i < options.rooms; i += 1) {
      const name = NAMES[i] ?? `room${i + 1}`;
      this.rooms.set(name, new Room(name, options.seed, options.startMs));
    }
  }

  get roomNames(): readonly string[] {
    return [...this.rooms.keys()];
  }

  /** Simulated time of the next message. */
  get nextAtMs(): number {
    return this.next().nextAtMs;
  }

  /** Whether a topic is one that only this home's devices publish to. */
  owns(topic: string): boolean {
    const [base, room, kind, more] = topic.split('/');
    return base === BASE && more === undefined && kind !== undefined && this.rooms.has(room ?? '');
  }

  room(name: string): Room | undefined {
    return this.rooms.get(name);
  }

  /** Everything the sensors say up to and including a time, at most so many messages: the rest is answered by the next call. */
  advance(nowMs: number, most: number = SIM_LIMITS.burst): HomeMessage[] {
    const messages: HomeMessage[] = [];
    while (messages.length < most) {
      const room = this.next();
      if (room.nextAtMs > nowMs) break;
      const said = room.step();
      if (said !== undefined) messages.push(this.message(room.name, said.kind, said.report, said.atMs));
    }
    return messages;
  }

  /** @returns what the device reports after a command, or undefined if nothing here obeys it. */
  obey(topic: string, payload: Uint8Array, nowMs: number): HomeMessage | undefined {
    const [base, name, kind, set, more] = topic.split('/');
    if (base !== BASE || set !== 'set' || more !== undefined || name === undefined || kind === undefined)
      return undefined;
    const report = this.rooms.get(name)?.obey(kind, commandOf(payload), nowMs);
    return report === undefined ? undefined : this.message(name, kind, report, nowMs);
  }

  private next(): Room {
    let first: Room | undefined;
    for (const room of this.rooms.values()) if (first === undefined || room.nextAtMs < first.nextAtMs) first = room;
    if (first === undefined) throw new Error('a home must have a room');
    return first;
  }

  private message(room: string, kind: string, report: Report, atMs: number): HomeMessage {
    const linkquality = Math.round(between(this.radio, 60, 255));
    const last_seen = new Date(atMs).toISOString();
    return {
      topic: `${BASE}/${room}/${kind}`,
      payload: JSON.stringify({ ...report, linkquality, last_seen }),
      room,
      kind,
      atMs,
    };
  }
}

/** Decoded JSON, or the text itself if it is none, or undefined if it is too long to be a command. */
function commandOf(payload: Uint8Array): unknown {
  if (payload.byteLength > SIM_LIMITS.commandBytes) return undefined;
  const text = decoder.decode(payload);
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    return text;
  }
}
