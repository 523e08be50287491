/**
 * What the link needs of an MQTT client: a narrow port, so that the rules of
 * the link can be tested without a network.
 */
import type { QoS } from '../../runtime/index.js';
import type { OutgoingMessage, Subscription } from '../broker-link.js';
import type { Acknowledged } from './acknowledgements.js';

/** MQTT 3.1.1 is protocol level 4, MQTT 5 is 5. */
export type ProtocolVersion = 4 | 5;

/** A message as it came off the wire. */
export interface Delivery {
  readonly topic: string;
  /** Its own memory: keeping it keeps nothing else. */
  readonly payload: Uint8Array;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly dup: boolean;
  /** Absent where there is nothing to acknowledge. */
  readonly messageId: number | undefined;
  /** The user property `chain` of MQTT 5, as it came; absent where there is none or several. */
  readonly chain?: string | undefined;
  /** Identifies the network connection: ids of another one mean nothing to the broker. */
  readonly connection: object;
}

/** What the broker said when it accepted the connection. */
export interface Accepted {
  readonly protocolVersion: ProtocolVersion;
  readonly sessionPresent: boolean;
  /** Most messages above QoS 0 that it takes unacknowledged. */
  readonly receiveMaximum: number;
  readonly packetBytes: number;
  readonly retainAvailable: boolean;
  readonly maximumQoS: QoS;
}

export interface WireEvents {
  /**
   * Synchronous, and returns at once: every other packet waits, pings
   * included. When it answers with a promise, no packet is read until that
   * resolves, however long; the connection is kept alive meanwhile.
   */
  delivered(delivery: Delivery): Promise<void> | void;
  /** The broker will not send a message at QoS 2 again, whose PUBREC it has: its id is free. */
  released(messageId: number): void;
  online(accepted: Accepted): void;
  /**
   * The connection ended, or an attempt at one failed. `suspect` is the
   * message that was being sent again, alone, when it ended.
   */
  offline(reason: Error | undefined, suspect: number | undefined): void;
  /** The broker answered CONNECT with this code. The client goes on trying. */
  refused(code: number, reason: Error): void;
}

export interface Wire {
  /**
   * Hands a message to the socket. Only while online.
   * @returns its id, or undefined at QoS 0, for which `settled` is not called.
   */
  send(message: OutgoingMessage, settled: (error: Error | undefined) => void): number | undefined;
  /** Stops sending an unacknowledged message again; `settled` is not called. */
  forget(messageId: number): void;
  /** Bytes handed over that the socket has not taken. */
  backlogBytes(): number;
  /** Calls back once when the socket has taken what it was given. */
  onceDrained(then: () => void): void;
  /** Answers the granted QoS, or a code of 128 and above, for each. @throws if the connection ends first. */
  subscribe(subscriptions: readonly Subscription[]): Promise<readonly number[]>;
  /** Answers a code for each where the broker speaks MQTT 5, from 128 on a refusal. @throws if the connection ends first. */
  unsubscribe(filters: readonly string[]): Promise<readonly number[]>;
  /** Sends PUBACKs and PUBRECs, unless the connection is no longer that one. */
  acknowledge(connection: object, messages: readonly Acknowledged[]): void;
  /** Disconnects for good; politely unless forced. */
  end(force: boolean): Promise<void>;
}
