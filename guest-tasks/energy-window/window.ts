/**
 * Energy of the last 15 minutes, kept in a record of bytes as it is stored:
 *
 *     0  time of the latest report, i64, milliseconds since 1970 (UTC)
 *     8  its power in W, f64, NaN if it had none
 *    16  its energy counter in kWh, f64, NaN if it had none
 *    24  1 if the budget was exceeded and announced, u8
 *    32  60 slots, f64 each: kWh used in the 15 seconds that the slot stands for
 *
 * A moment's slot is its number of 15-second steps since 1970, modulo 60.
 */

const SLOT_MS: i64 = 15_000;
const SLOTS: i64 = 60;
const HEADER_BYTES = 32;
const RECORD_BYTES = HEADER_BYTES + 8 * <i32>SLOTS;

const MS_PER_HOUR: f64 = 3_600_000;
const W_PER_KW: f64 = 1000;

export class Window {
  readonly record: Uint8Array;
  private isNew: bool;

  constructor(stored: Uint8Array | null) {
    this.isNew = stored === null || stored.length != RECORD_BYTES;
    this.record =
      stored === null || stored.length != RECORD_BYTES ? new Uint8Array(RECORD_BYTES) : stored;
  }

  get isOver(): bool {
    return load<u8>(this.record.dataStart, 24) == 1;
  }

  set isOver(value: bool) {
    store<u8>(this.record.dataStart, value ? 1 : 0, 24);
  }

  /** Takes a report in; false if it is not later than the latest. */
  advance(time: i64, power: f64, energy: f64): bool {
    const at = this.record.dataStart;
    const before = load<i64>(at);
    if (!this.isNew) {
      if (time <= before) return false;
      this.expire(before, time);
      this.spread(before, time, this.usedSince(time - before, energy));
    }
    this.isNew = false;
    store<i64>(at, time);
    store<f64>(at, power, 8);
    store<f64>(at, energy, 16);
    return true;
  }

  /** kWh in the window. */
  total(): f64 {
    let sum: f64 = 0;
    for (let slot: i64 = 0; slot < SLOTS; slot++) sum += load<f64>(this.slot(slot));
    return sum;
  }

  private slot(number: i64): usize {
    // Times before 1970 are a device's fault, and must not leave the ring.
    const index = ((number % SLOTS) + SLOTS) % SLOTS;
    return this.record.dataStart + HEADER_BYTES + ((<usize>index) << 3);
  }

  private usedSince(elapsedMs: i64, energy: f64): f64 {
    const at = this.record.dataStart;
    const counted = energy - load<f64>(at, 16);
    // A counter that was reset goes backwards: what was used is not known.
    if (!isNaN(counted)) return counted > 0 ? counted : 0;
    const power = load<f64>(at, 8);
    return power > 0 ? (power / W_PER_KW) * (<f64>elapsedMs / MS_PER_HOUR) : 0;
  }

  /** Empties the slots that begin after `before`, up to the one of `time`. */
  private expire(before: i64, time: i64): void {
    const last = time / SLOT_MS;
    const first = max(before / SLOT_MS + 1, last - SLOTS + 1);
    for (let slot = first; slot <= last; slot++) store<f64>(this.slot(slot), 0);
  }

  /** Adds what was used in (from, to] to the slots it was used in. */
  private spread(from: i64, to: i64, kWh: f64): void {
    const perMs = kWh / <f64>(to - from);
    const last = to / SLOT_MS;
    for (let slot = max(from / SLOT_MS, last - SLOTS + 1); slot <= last; slot++) {
      const begin = max(from, slot * SLOT_MS);
      const end = min(to, (slot + 1) * SLOT_MS);
      const at = this.slot(slot);
      store<f64>(at, load<f64>(at) + perMs * <f64>(end - begin));
    }
  }
}
