/**
 * One room: its air, four sensors, a light and a radiator.
 *
 * The devices are pure; this is where their states are kept and where the
 * radiator meets the air.
 */
import { climate } from './devices/climate.js';
import { contact } from './devices/contact.js';
import { light } from './devices/light.js';
import { motion } from './devices/motion.js';
import { plug } from './devices/plug.js';
import { radiator } from './devices/radiator.js';
import type { Report, Sensor, Turn } from './device.js';
import { between, randomFor, type Random } from './random.js';
import { at, type RoomClimate } from './room-climate.js';

/** A sensor with its state hidden, as the room deals with all of them alike. */
interface Mounted {
  readonly kind: string;
  nextAtMs: number;
  step(turn: Turn): Report | undefined;
}

export interface RoomReport {
  readonly kind: string;
  readonly atMs: number;
  readonly report: Report;
}

export class Room {
  private climate: RoomClimate;
  private lightState = light.begin();
  private radiatorState = radiator.begin();
  private readonly sensors: readonly Mounted[];
  private readonly streams = new Map<string, Random>();

  constructor(
    readonly name: string,
    private readonly seed: number,
    startMs: number,
  ) {
    this.climate = { atMs: startMs, temperature: between(randomFor(seed, `${name}/air`), 19, 22), heating: false };
    this.sensors = [
      this.mount(motion, startMs),
      this.mount(climate, startMs),
      this.mount(contact, startMs),
      this.mount(plug, startMs),
    ];
  }

  /** Degrees Celsius at the last time looked at. */
  get temperature(): number {
    return this.climate.temperature;
  }

  get heating(): boolean {
    return this.climate.heating;
  }

  /** When a sensor has its next turn. */
  get nextAtMs(): number {
    return Math.min(...this.sensors.map(({ nextAtMs }) => nextAtMs));
  }

  /** Gives the sensor whose turn it is its turn. */
  step(): RoomReport | undefined {
    const due = this.nextAtMs;
    const sensor = this.sensors.find(({ nextAtMs }) => nextAtMs === due);
    if (sensor === undefined) return undefined;
    const report = sensor.step(this.turn(sensor.kind, due));
    return report === undefined ? undefined : { kind: sensor.kind, atMs: due, report };
  }

  /** @returns what the device then reports, or undefined if there is no such device, or no sense in the command. */
  obey(kind: string, command: unknown, nowMs: number): Report | undefined {
    if (kind === light.kind) {
      const obeyed = light.obey(this.lightState, command);
      if (obeyed !== undefined) this.lightState = obeyed.state;
      return obeyed?.report;
    }
    if (kind !== radiator.kind) return undefined;
    const obeyed = radiator.obey(this.radiatorState, command);
    if (obeyed === undefined) return undefined;
    this.radiatorState = obeyed.state;
    this.climate = { ...at(this.climate, nowMs), heating: obeyed.state.on };
    return obeyed.report;
  }

  private mount<State>(sensor: Sensor<State>, startMs: number): Mounted {
    const begun = sensor.begin(this.turn(sensor.kind, startMs));
    let state = begun.state;
    const mounted: Mounted = {
      kind: sensor.kind,
      nextAtMs: begun.nextAtMs,
      step: (turn) => {
        const step = sensor.step(state, turn);
        state = step.state;
        mounted.nextAtMs = step.nextAtMs;
        return step.report;
      },
    };
    return mounted;
  }

  private turn(kind: string, nowMs: number): Turn {
    let random = this.streams.get(kind);
    if (random === undefined) {
      random = randomFor(this.seed, `${this.name}/${kind}`);
      this.streams.set(kind, random);
    }
    this.climate = at(this.climate, nowMs);
    return { random, nowMs, climate: this.climate };
  }
}
