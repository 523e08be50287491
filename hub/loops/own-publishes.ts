import { createHash } from 'node:crypto';
import { LOOP_BOUNDS } from './limits.js';
import { Fifo } from '../queue/index.js';
import type { Timer } from '../timer.js';
import type { Chain } from './chain.js';

interface Message {
  readonly topic: string;
  readonly payload: Uint8Array;
}

interface Published {
  readonly digest: string;
  readonly chain: Chain;
  readonly untilMs: number;
  wasTaken: boolean;
}

/**
 * The hub's own publishes that may come back to it, recognised by topic and
 * payload: no broker has to carry anything for that.
 *
 * Each is recognised once, for a while and within a bound. An equal message of
 * somebody else in that while may be taken for ours, and ours then for
 * somebody else's: a loop is cut all the same, as it goes on.
 */
export class OwnPublishes {
  readonly #timer: Pick<Timer, 'nowMs'>;
  /** Oldest first; those that were taken stay until they are. */
  readonly #published = new Fifo<Published>();
  readonly #byDigest = new Map<string, Fifo<Published>>();

  constructor(timer: Pick<Timer, 'nowMs'>) {
    this.#timer = timer;
  }

  /** Takes note of a message that is about to be published and wakes a task here. */
  note(message: Message, chain: Chain): void {
    const nowMs = this.#timer.nowMs();
    const one = { digest: digestOf(message), chain, untilMs: nowMs + LOOP_BOUNDS.recentPublishMs, wasTaken: false };
    this.#published.push(one);
    const same = this.#byDigest.get(one.digest);
    if (same === undefined) {
      const first = new Fifo<Published>();
      first.push(one);
      this.#byDigest.set(one.digest, first);
    } else same.push(one);
    this.#forget(nowMs);
  }

  /** The chain that led to a message: empty unless it is known as one of ours. */
  chainOf(message: Message): Chain {
    this.#forget(this.#timer.nowMs());
    // The usual case, and the reason why others' messages cost nothing: no task here wakes another.
    if (this.#byDigest.size === 0) return NO_CHAIN;
    return this.#take(digestOf(message))?.chain ?? NO_CHAIN;
  }

  #forget(nowMs: number): void {
    for (let oldest = this.#published.first(); oldest !== undefined; oldest = this.#published.first()) {
      if (!oldest.wasTaken && oldest.untilMs > nowMs && this.#published.length <= LOOP_BOUNDS.recentPublishes) return;
      this.#published.shift();
      // Of equal ones the oldest is first here too.
      if (!oldest.wasTaken) this.#take(oldest.digest);
    }
  }

  #take(digest: string): Published | undefined {
    const same = this.#byDigest.get(digest);
    const one = same?.shift();
    if (same?.length === 0) this.#byDigest.delete(digest);
    if (one !== undefined) one.wasTaken = true;
    return one;
  }
}

const NO_CHAIN: Chain = [];

function digestOf({ topic, payload }: Message): string {
  // No topic contains a NUL (MQTT 3.1.1, section 1.5.3), so that the two stay apart.
  return createHash('sha256').update(topic).update('\0').update(payload).digest('base64');
}
