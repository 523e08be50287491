import type { IncomingMessage } from '../broker-link.js';
import { JOURNAL_BOUNDS } from './limits.js';
import { STORE_BOUNDS } from '../store/limits.js';
import type { Seen } from '../store/index.js';
import { RUNTIME_BOUNDS } from '../../runtime/index.js';
import type { Timer } from '../timer.js';

export interface DevicesParts {
  readonly timer: Timer;
  /** Has what waits here written, unless that happened by itself meanwhile. */
  readonly flush: () => void;
}

/**
 * What is to go into the bucket `devices`: of each topic the last payload that
 * the hub has seen. It goes along with the next transaction, or makes one of
 * its own some time later: however often a device speaks, it is written once a
 * turn. Nothing is promised for it. Only while some task may read it.
 */
export class Devices {
  readonly #parts: DevicesParts;
  readonly #seen = new Map<string, Seen>();
  #bytes = 0;
  #isWanted = false;
  #clear = false;
  #cancelFlush: (() => void) | undefined;

  constructor(parts: DevicesParts) {
    this.#parts = parts;
  }

  /** Says whether some task may read the bucket. When none may, the next transaction empties it: what it holds would grow old. */
  want(isWanted: boolean): void {
    if (!isWanted) {
      this.#forgetAll();
      this.#clear = true;
    }
    this.#isWanted = isWanted;
  }

  /** A message came, whatever comes of it. */
  note({ topic, payload }: Pick<IncomingMessage, 'topic' | 'payload'>): void {
    if (!this.#isWanted || Buffer.byteLength(topic) > RUNTIME_BOUNDS.keyBytes) return;
    // Put last: of those in one transaction, the last one counts as seen last.
    this.#forget(topic);
    const kept = payload.length > JOURNAL_BOUNDS.devicePayloadBytes ? undefined : payload;
    this.#seen.set(topic, { topic, payload: kept });
    this.#bytes += kept?.length ?? 0;
    // As when the disk is full: no more than the bucket would keep.
    for (const oldest of this.#seen.keys()) {
      if (this.#seen.size <= STORE_BOUNDS.deviceTopics && this.#bytes <= STORE_BOUNDS.deviceBytes) break;
      this.#forget(oldest);
    }
    this.#flushLater();
  }

  /** Whether something is to be written. */
  get waiting(): boolean {
    return this.#clear || this.#seen.size > 0;
  }

  /** What is to be written. */
  get pending(): { readonly clear: boolean; readonly seen: readonly Seen[] } {
    return { clear: this.#clear, seen: [...this.#seen.values()] };
  }

  /** All that was pending is written. */
  written(): void {
    this.#forgetAll();
    this.#clear = false;
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
  }

  /** Nothing is written by itself any more. */
  close(): void {
    this.#cancelFlush?.();
  }

  #forget(topic: string): void {
    this.#bytes -= this.#seen.get(topic)?.payload?.length ?? 0;
    this.#seen.delete(topic);
  }

  #forgetAll(): void {
    this.#seen.clear();
    this.#bytes = 0;
  }

  #flushLater(): void {
    this.#cancelFlush ??= this.#parts.timer.after(JOURNAL_BOUNDS.deviceDelayMs, () => {
      this.#cancelFlush = undefined;
      this.#parts.flush();
    });
  }
}
