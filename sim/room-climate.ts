/**
 * The air of a room: it drifts towards what the weather and the radiator
 * would bring it to. Pure.
 */
export interface RoomClimate {
  readonly atMs: number;
  /** Degrees Celsius. */
  readonly temperature: number;
  readonly heating: boolean;
}

const HOUR_MS = 3_600_000;
/** How fast a room follows: after this long, 63 % of the way. An old, light building, so that something happens. */
const TIME_CONSTANT_MS = 3 * HOUR_MS;
/** What people and appliances add. */
const INNER_GAIN = 6;
/** What a radiator that is on adds in the end. */
const RADIATOR_GAIN = 22;

/** The same room at a later time. */
export function at(room: RoomClimate, nowMs: number): RoomClimate {
  const elapsedMs = nowMs - room.atMs;
  if (elapsedMs <= 0) return room;
  const target = outdoors(nowMs) + INNER_GAIN + (room.heating ? RADIATOR_GAIN : 0);
  const temperature = target + (room.temperature - target) * Math.exp(-elapsedMs / TIME_CONSTANT_MS);
  return { ...room, atMs: nowMs, temperature };
}

/** Degrees Celsius outside: a winter's day around 2 degrees, warmest at three in the afternoon. */
function outdoors(nowMs: number): number {
  const hour = (nowMs / HOUR_MS) % 24;
  return 2 + 4 * Math.cos(((hour - 15) / 24) * 2 * Math.PI);
}
