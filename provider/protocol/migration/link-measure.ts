import { MIGRATION_BOUNDS } from './limits.js';

/** What is known of the link, for whoever decides by it. */
export interface LinkQuality {
  /** How long a point of so many bytes takes until it is said to be held, in milliseconds. */
  holdMs(bytes: number): number;
  /** How fast large points go through it, in bytes per millisecond; undefined before one did. */
  readonly bytesPerMs: number | undefined;
  /** How often it is lost, per millisecond. */
  readonly lossesPerMs: number;
  /** How long it is expected to be lost when it is, in milliseconds. */
  readonly outageMs: number;
}

/** What of a link is not known yet: a local one, which shows soon if it is not. */
const UNKNOWN = { roundTripMs: 10, bytesPerMs: 1_000 };

/** Measures the link by what goes over it anyway: the points of one run, and when they are said to be held. */
export class LinkMeasure implements LinkQuality {
  readonly #underWay = new Map<number, { readonly atMs: number; readonly bytes: number }>();
  #lossesAtMs: readonly number[] = [];
  /** When it was lost, and has not come back since. */
  #lostAtMs: number | undefined;
  #outageMs: number | undefined;
  #nowMs = 0;
  #roundTripMs: number | undefined;
  #bytesPerMs: number | undefined;

  sent(point: number, { bytes, nowMs }: { readonly bytes: number; readonly nowMs: number }): void {
    this.#nowMs = nowMs;
    if (!this.#underWay.has(point)) this.#underWay.set(point, { atMs: nowMs, bytes });
  }

  /** All up to this point is held. Only the point itself is measured: others may have waited for it. */
  held(point: number, nowMs: number): void {
    this.#nowMs = nowMs;
    const sent = this.#underWay.get(point);
    for (const each of this.#underWay.keys()) if (each <= point) this.#underWay.delete(each);
    if (sent === undefined) return;
    const tookMs = nowMs - sent.atMs;
    const isSmall = sent.bytes < MIGRATION_BOUNDS.measuredBytes;
    if (isSmall) this.#roundTripMs = mean(this.#roundTripMs, tookMs);
    else this.#bytesPerMs = mean(this.#bytesPerMs, sent.bytes / Math.max(0.1, tookMs - (this.#roundTripMs ?? 0)));
  }

  /** What was under way says nothing any more. */
  lost(nowMs: number): void {
    this.#nowMs = nowMs;
    this.#underWay.clear();
    this.#lostAtMs ??= nowMs;
    this.#lossesAtMs = [...this.#lossesAtMs, nowMs].slice(-MIGRATION_BOUNDS.lossesRemembered);
  }

  /** There is a link, again or for the first time. */
  found(nowMs: number): void {
    this.#nowMs = nowMs;
    if (this.#lostAtMs === undefined) return;
    const tookMs = nowMs - this.#lostAtMs;
    // There are few: the latest says as much as all before.
    this.#outageMs = this.#outageMs === undefined ? tookMs : (this.#outageMs + tookMs) / 2;
    this.#lostAtMs = undefined;
  }

  get outageMs(): number {
    return this.#outageMs ?? MIGRATION_BOUNDS.outageMs;
  }

  get bytesPerMs(): number | undefined {
    return this.#bytesPerMs;
  }

  holdMs(bytes: number): number {
    const { roundTripMs, bytesPerMs } = UNKNOWN;
    return (this.#roundTripMs ?? roundTripMs) + bytes / (this.#bytesPerMs ?? bytesPerMs);
  }

  get lossesPerMs(): number {
    const { lossesWithinMs } = MIGRATION_BOUNDS;
    return this.#lossesAtMs.filter((atMs) => this.#nowMs - atMs < lossesWithinMs).length / lossesWithinMs;
  }
}

function mean(before: number | undefined, latest: number): number {
  return before === undefined ? latest : before + (latest - before) * MIGRATION_BOUNDS.recent;
}
