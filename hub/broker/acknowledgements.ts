/**
 * The messages of one connection that the hub has not acknowledged yet.
 *
 * The hub may be done with them in any order; MQTT wants PUBACKs in the
 * order in which the messages came (MQTT 5, section 4.6). So a message that
 * is done waits here for those before it.
 */
export class Acknowledgements {
  private readonly entries: Entry[] = [];
  private head = 0;

  /** Messages taken and not yet released. */
  get size(): number {
    return this.entries.length - this.head;
  }

  /** Notes a message that came, and answers the entry to settle later. */
  take(messageId: number): Entry {
    const entry: Entry = { messageId, done: false };
    this.entries.push(entry);
    return entry;
  }

  /** The ids that may be acknowledged now, in order of arrival; each is answered once. */
  release(): number[] {
    const ids: number[] = [];
    for (let entry = this.entries[this.head]; entry?.done === true; entry = this.entries[this.head]) {
      ids.push(entry.messageId);
      this.head += 1;
    }
    if (this.head > 1_024 && this.head * 2 > this.entries.length) {
      this.entries.splice(0, this.head);
      this.head = 0;
    }
    return ids;
  }
}

export interface Entry {
  readonly messageId: number;
  /** Set by the hub when the message is safe. */
  done: boolean;
}
