/**
 * Keeps a connection alive while nothing is read from it.
 *
 * The broker sees pings. Their answers wait behind what is not read, so the
 * client must not count them; a link that is dead is found by TCP, which gives
 * up on what it cannot deliver, or after reading has gone on. The answers are
 * two bytes each.
 */

/** What is needed of the client. */
export interface PingingClient {
  readonly connected: boolean;
  /** Seconds; what the broker asks for, where it does. 0 or undefined: no pings. */
  readonly keepalive: number | undefined;
  sendPing(): void;
  /** Begins to count anew the time without an answer. */
  reschedulePing(force?: boolean): void;
}

export class Standstill {
  readonly #client: PingingClient;
  #timer: NodeJS.Timeout | undefined;

  constructor(client: PingingClient) {
    this.#client = client;
  }

  /** Reading has stopped. */
  begin(): void {
    this.end();
    const { keepalive = 0 } = this.#client;
    if (keepalive === 0) return;
    // The last ping may be nearly an interval ago, or be without its answer.
    this.#ping();
    // A broker waits for one and a half times the interval (MQTT 5, section 3.1.2.10), and so does the client.
    this.#timer = setInterval(() => this.#ping(), (keepalive * 1_000) / 2);
  }

  /** Reading goes on. Idempotent. */
  end(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #ping(): void {
    if (!this.#client.connected) return;
    this.#client.sendPing();
    this.#client.reschedulePing(true);
  }
}
