import type { RunHandle } from '../../../runtime/index.js';
import { Content } from './content.js';
import type { Checkpoints, Host } from './ports.js';

/** What a stretch has come to. */
interface News {
  /** It goes on behind it, stands there, or has ended. */
  readonly kind: 'passed' | 'stands' | 'ended';
  readonly content: Content;
}

interface StretchParts {
  readonly host: Pick<Host, 'execute'>;
  readonly checkpoints: Checkpoints;
  readonly epoch: number;
  /** Stands alone. */
  readonly from: Uint8Array;
  readonly everyMs: number;
  /** Told whenever it has come to something. */
  readonly tell: () => void;
}

/**
 * An execution from one point on, in one epoch, until it stands or has ended.
 *
 * It keeps the last that it came to until that is taken: a point that nobody had the time for lies on the way to the
 * next, which says all that it said.
 */
export class Stretch {
  readonly epoch: number;
  readonly #checkpoints: Checkpoints;
  readonly #handle: RunHandle;
  /** What its differences are differences to. */
  #anchor: Uint8Array;
  #news: News | undefined;
  #isLeaving = false;
  #isDone = false;

  /** @throws Error when the host cannot go on with it. */
  constructor({ host, checkpoints, epoch, from, everyMs, tell }: StretchParts) {
    this.epoch = epoch;
    this.#checkpoints = checkpoints;
    this.#anchor = from;
    const passed = (checkpoint: Uint8Array): void => {
      this.#news = { kind: 'passed', content: this.#contentOf(checkpoint) };
      tell();
    };
    this.#handle = host.execute(from, passed, everyMs);
    void this.#awaitEnd(tell);
  }

  /** Has nothing more to come. */
  get isDone(): boolean {
    return this.#isDone;
  }

  get news(): News | undefined {
    return this.#news;
  }

  takeNews(): void {
    this.#news = undefined;
  }

  /** Has it stand at its next point. */
  leave(): void {
    if (this.#isLeaving || this.#isDone) return;
    this.#isLeaving = true;
    void this.#handle.suspend();
  }

  async #awaitEnd(tell: () => void): Promise<void> {
    const end = await this.#handle.end;
    this.#isDone = true;
    this.#news =
      end.kind === 'ended'
        ? { kind: 'ended', content: new Content({ result: end.result }, this.#checkpoints) }
        : { kind: 'stands', content: this.#contentOf(end.checkpoint) };
    tell();
  }

  #contentOf(checkpoint: Uint8Array): Content {
    if (this.#checkpoints.glance(checkpoint).base === undefined) {
      this.#anchor = checkpoint;
      return new Content({ anchor: checkpoint }, this.#checkpoints);
    }
    return new Content({ anchor: this.#anchor, difference: checkpoint }, this.#checkpoints);
  }
}
