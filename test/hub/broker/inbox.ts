import type { IncomingMessage } from '../../../hub/broker-link.js';

const DEADLINE_MS = 20_000;

/** Collects messages, and lets a test wait for what it expects, with a deadline. */
export class Inbox {
  readonly messages: IncomingMessage[] = [];
  private waiting: (() => void) | undefined;

  /** To be given to the link. */
  readonly take = (message: IncomingMessage): void => {
    this.messages.push(message);
    this.waiting?.();
  };

  /** @throws if it does not come true in time. */
  async until(what: string, holds: (messages: readonly IncomingMessage[]) => boolean): Promise<void> {
    if (holds(this.messages)) return;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`${what}: not within ${DEADLINE_MS} ms; ${this.messages.length} messages came`)),
        DEADLINE_MS,
      );
      this.waiting = () => {
        if (!holds(this.messages)) return;
        clearTimeout(timer);
        this.waiting = undefined;
        resolve();
      };
    });
  }
}

export function text(message: IncomingMessage): string {
  return Buffer.from(message.payload).toString();
}
