/**
 * The messages of one connection that the hub has not acknowledged yet.
 *
 * The hub may be done with them in any order; MQTT wants PUBACKs in the
 * order in which the messages came, and PUBRECs too (MQTT 5, section 4.6). So
 * a message that is done waits here for those before it.
 */
export class Acknowledgements {
  private readonly entries: Entry[] = [];
  private head = 0;

  /** Messages taken and not yet released. */
  get size(): number {
    return this.entries.length - this.head;
  }

  /** Notes a message that came, and answers the entry to settle later. */
  take(messageId: number, qos: 1 | 2): Entry {
    const entry: Entry = { messageId, qos, done: false };
    this.entries.push(entry);
    return entry;
  }

  /** Those that may be acknowledged now, in order of arrival; each is answered once. */
  release(): Acknowledged[] {
    const released: Acknowledged[] = [];
    for (let entry = this.entries[this.head]; entry?.done === true; entry = this.entries[this.head]) {
      released.push(entry);
      this.head += 1;
    }
    if (this.head > 1_024 && this.head * 2 > this.entries.length) {
      this.entries.splice(0, this.head);
      this.head = 0;
    }
    return released;
  }
}

/** A message that is acknowledged: by PUBACK at QoS 1, by PUBREC at QoS 2. */
export interface Acknowledged {
  readonly messageId: number;
  readonly qos: 1 | 2;
}

export interface Entry extends Acknowledged {
  /** Set by the hub when the message is safe. */
  done: boolean;
}
