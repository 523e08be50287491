/**
 * Messages above QoS 0 from the first PUBLISH to the broker's last answer,
 * over any number of connections: the sender's side of MQTT 5, section 4.3.
 *
 * The library could do it. It takes a dozen writes, an object of its own and
 * several events for each message, which was a quarter of what an event cost
 * the hub.
 */
import type { OutgoingMessage } from '../broker-link.js';
import { Fifo } from '../queue/index.js';

/** What leaves: nothing of it waits for an answer here. */
export interface InFlightWire {
  /** @param repeated Sets the DUP flag. */
  publish(message: OutgoingMessage, id: number, repeated: boolean): void;
  /** QoS 2: the second half. */
  release(id: number): void;
}

/** The broker's answers that end a message, or the first half of one at QoS 2. */
export type Answer = 'puback' | 'pubrec' | 'pubcomp';

interface Sending {
  readonly id: number;
  readonly message: OutgoingMessage;
  readonly settled: (error: Error | undefined) => void;
  /** Whether an earlier connection may have brought it to the broker. */
  isRepeated: boolean;
  /** QoS 2: the broker has it, and is told that it may forget the id. */
  isReleased: boolean;
  /** Whether it is on its way on this connection. */
  isOut: boolean;
}

/** Ids beyond are for packets that are no messages. */
export const LARGEST_MESSAGE_ID = 0xfeff;

/**
 * After a reconnect, all that is unanswered is sent again, in the order of
 * the calls. If that connection ends as well before all of it is answered,
 * the next one sends a message at a time, so that one which makes the broker
 * hang up can be told.
 *
 * Ids begin at 1 in each process, also where the broker has kept the session.
 */
export class InFlight {
  readonly #wire: InFlightWire;
  /** By id, in the order of the calls. */
  readonly #sending = new Map<number, Sending>();
  #unsent = new Fifo<Sending>();
  #out = 0;
  #window = 0;
  #sessionPresent = false;
  /** Messages of earlier connections that are not answered on this one. */
  #repeats = 0;
  #oneAtATime = false;
  #receiveMaximum = 0;
  #lastId = 0;
  /** Ids under which the broker holds nothing of an earlier process; undefined when it can hold nothing of one. */
  #ownIds: Set<number> | undefined = new Set();

  constructor(wire: InFlightWire) {
    this.#wire = wire;
  }

  /** @param settled Called with the broker's refusal, or with nothing when it has the message. @returns the packet id. */
  send(message: OutgoingMessage, settled: Sending['settled']): number {
    const id = this.#newId();
    const sending = { id, message, settled, isRepeated: false, isReleased: false, isOut: false };
    this.#sending.set(id, sending);
    this.#unsent.push(sending);
    this.#pump();
    return id;
  }

  /** @param error Why the broker refuses the message. */
  answered(id: number, answer: Answer, error: Error | undefined): void {
    const sending = this.#sending.get(id);
    if (sending === undefined || !sending.isOut) return;
    const { qos } = sending.message;
    if (answer === 'pubrec' && qos === 2 && error === undefined) {
      sending.isReleased = true;
      this.#wire.release(id);
      return;
    }
    // A PUBCOMP before that is about what an earlier process had under this id.
    if (answer === 'pubcomp' && !sending.isReleased) return;
    const isEnd = answer === 'puback' ? qos === 1 : qos === 2;
    if (!isEnd) return;
    this.#remove(sending);
    sending.settled(error);
    this.#pump();
  }

  /** Stops sending a message again. */
  forget(id: number): void {
    const sending = this.#sending.get(id);
    if (sending === undefined) return;
    this.#remove(sending);
    this.#pump();
  }

  /** There is a connection. @param receiveMaximum Messages that may be unanswered on it. */
  online(sessionPresent: boolean, receiveMaximum: number): void {
    this.#sessionPresent = sessionPresent;
    if (!sessionPresent) this.#ownIds = undefined;
    this.#receiveMaximum = receiveMaximum;
    this.#unsent = new Fifo();
    this.#out = 0;
    for (const sending of this.#sending.values()) {
      sending.isOut = false;
      // A broker may pass a message on when it is released, and lose it with the session until then: it goes out anew,
      // since twice is better than never.
      if (!sessionPresent) sending.isReleased = false;
      this.#unsent.push(sending);
    }
    this.#window = this.#oneAtATime && this.#repeats > 0 ? 1 : receiveMaximum;
    this.#pump();
  }

  /** The connection ended, if there was one. @returns the id of the message that was being sent again, alone. */
  offline(): number | undefined {
    if (this.#window === 0) return undefined;
    const suspect = this.#window === 1 && this.#repeats > 0 ? this.#alone() : undefined;
    this.#oneAtATime = this.#repeats > 0;
    this.#window = 0;
    this.#repeats = 0;
    for (const sending of this.#sending.values()) {
      if (sending.isOut) sending.isRepeated = true;
      if (sending.isRepeated) this.#repeats++;
    }
    return suspect;
  }

  #alone(): number | undefined {
    for (const { id, isOut } of this.#sending.values()) if (isOut) return id;
    return undefined;
  }

  #remove(sending: Sending): void {
    this.#sending.delete(sending.id);
    if (sending.isOut) this.#out--;
    if (!sending.isRepeated || --this.#repeats > 0) return;
    this.#oneAtATime = false;
    if (this.#window > 0) this.#window = this.#receiveMaximum;
  }

  #pump(): void {
    while (this.#out < this.#window) {
      const sending = this.#unsent.shift();
      if (sending === undefined) return;
      if (this.#sending.get(sending.id) !== sending) continue;
      sending.isOut = true;
      this.#out++;
      // MQTT 5, section 4.4: a session that begins anew knows of no earlier PUBLISH.
      if (sending.isReleased) this.#wire.release(sending.id);
      else {
        if (sending.message.qos === 2) this.#freeId(sending.id);
        this.#wire.publish(sending.message, sending.id, sending.isRepeated && this.#sessionPresent);
      }
    }
  }

  /**
   * A hub that was killed between the halves of a message at QoS 2 has left its id taken in the session. A new message
   * under it would be taken for the old one, or refused. So the old one is let go first: the broker passes it on then,
   * and it comes once more from the outbox, under the effect id that it had.
   */
  #freeId(id: number): void {
    if (this.#ownIds === undefined || this.#ownIds.has(id)) return;
    this.#ownIds.add(id);
    this.#wire.release(id);
  }

  /** The link keeps far fewer in flight than there are ids. */
  #newId(): number {
    do this.#lastId = this.#lastId === LARGEST_MESSAGE_ID ? 1 : this.#lastId + 1;
    while (this.#sending.has(this.#lastId));
    return this.#lastId;
  }
}
