/**
 * The MQTT client library behind the `Wire` port: the only importer of mqtt.js.
 *
 * mqtt.js handles incoming packets strictly one at a time and acknowledges a
 * message when its handler has called back. Here the handler calls back at
 * once, with an error when the acknowledgement is to come later: then
 * mqtt.js sends none and goes on with the next packet. A contract test holds
 * it to that, because no documentation promises it. To stop reading, the
 * handler does not call back: the library takes no further packet, nothing
 * more is read from the socket, and the broker keeps the rest.
 *
 * A message at QoS 2 is delivered when it comes, not at its PUBREL (the
 * second method of MQTT 5, figure 4.3). By itself, mqtt.js would send PUBREC
 * when the message is in its memory, and the broker would then forget it.
 */
import { Socket } from 'node:net';
import mqtt, {
  type IClientOptions,
  type IConnackPacket,
  type IPublishPacket,
  type MqttClient,
  type Packet,
} from 'mqtt';
import type { OutgoingMessage, Subscription } from '../broker-link.js';
import { acknowledgementPackets } from './acknowledgement-packets.js';
import type { Acknowledged } from './acknowledgements.js';
import { InFlight, LARGEST_MESSAGE_ID } from './in-flight.js';
import { LINK_LIMITS } from './limits.js';
import { PacketBurst } from './packet-burst.js';
import { Standstill } from './standstill.js';
import type { Accepted, Delivery, ProtocolVersion, Wire, WireEvents } from './wire.js';

export interface WireOptions {
  readonly url: string;
  readonly clientId: string;
  /** Whether the broker keeps subscriptions and unacknowledged messages over a disconnect. */
  readonly persistent: boolean;
  readonly protocolVersion: ProtocolVersion;
  readonly keepaliveSeconds: number;
  readonly username?: string;
  readonly password?: string;
}

/** Tells mqtt.js to send no PUBACK or PUBREC. One object: making an error per message would cost more than the message. */
const ACKNOWLEDGED_LATER = new Error('acknowledged later');

/** Starts connecting, and reconnects until ended. */
export function openWire(options: WireOptions, events: WireEvents): Wire {
  const client = mqtt.connect(options.url, { ...clientOptions(options), incomingStore: new NothingKept(events) });
  const sender = new Sender(client, options.protocolVersion);
  watch(client, options.protocolVersion, { events, sender });
  const standstill = new Standstill(client);
  deliver(client, standstill, events);
  return {
    send: (message, settled) => sender.send(message, settled),
    forget: (messageId) => sender.forget(messageId),
    backlogBytes: () => client.stream.writableLength + sender.waitingBytes,
    onceDrained: (then) => void client.stream.once('drain', then),
    subscribe: (subscriptions) => subscribe(client, subscriptions),
    unsubscribe: (filters) => unsubscribe(client, filters),
    acknowledge: (connection, messages) => acknowledge(client, connection, messages),
    end: (force) => {
      standstill.end();
      sender.flush();
      return client.endAsync(force);
    },
  };
}

function clientOptions(options: WireOptions): IClientOptions {
  return {
    clientId: options.clientId,
    clean: !options.persistent,
    protocolVersion: options.protocolVersion,
    keepalive: options.keepaliveSeconds,
    reconnectPeriod: LINK_LIMITS.reconnectMs,
    connectTimeout: LINK_LIMITS.connackMs,
    // Without it, a broker that is still starting up and says "not now" once is never tried again.
    reconnectOnConnackError: true,
    // The link subscribes again by itself: it knows which filters were granted.
    resubscribe: false,
    // The link holds what is published while offline, within bounds.
    queueQoSZero: false,
    messageIdProvider: new PacketIds(),
    // The library's trace calls cost even when nobody reads them.
    log: () => undefined,
    ...(options.username === undefined ? {} : { username: options.username }),
    ...(options.password === undefined ? {} : { password: options.password }),
    ...(options.protocolVersion === 5
      ? {
          properties: {
            receiveMaximum: LINK_LIMITS.receiveMaximum,
            maximumPacketSize: LINK_LIMITS.packetBytes,
            ...(options.persistent ? { sessionExpiryInterval: LINK_LIMITS.sessionExpirySeconds } : {}),
          },
        }
      : {}),
  };
}

function watch(
  client: MqttClient,
  protocolVersion: ProtocolVersion,
  { events, sender }: { readonly events: WireEvents; readonly sender: Sender },
): void {
  let lastError: Error | undefined;
  client.on('connect', (connack) => {
    // Small packets wait for the answer to earlier ones otherwise: 2.5 ms instead of 0.35 ms per event.
    if (client.stream instanceof Socket) client.stream.setNoDelay(true);
    const broker = accepted(connack, protocolVersion);
    sender.online(broker);
    events.online(broker);
  });
  client.on('close', () => {
    const reason = lastError;
    lastError = undefined;
    events.offline(reason, sender.offline());
  });
  client.on('disconnect', (packet) => {
    lastError = new Error(`the broker disconnected: reason code ${packet.reasonCode ?? 0}`);
  });
  client.on('error', (error) => {
    // Said of each message at QoS 2, and meant so.
    if (error === ACKNOWLEDGED_LATER) return;
    lastError = error;
    // A number is the broker's answer; a string is the operating system's.
    const code: unknown = 'code' in error ? error.code : undefined;
    if (typeof code === 'number' && error.message.startsWith('Connection refused')) events.refused(code, error);
  });
}

function accepted(connack: IConnackPacket, protocolVersion: ProtocolVersion): Accepted {
  const properties = connack.properties;
  const maximumQoS = properties?.maximumQoS;
  return {
    protocolVersion,
    sessionPresent: connack.sessionPresent,
    receiveMaximum: properties?.receiveMaximum ?? 65_535,
    packetBytes: properties?.maximumPacketSize ?? LINK_LIMITS.packetBytes,
    retainAvailable: properties?.retainAvailable ?? true,
    maximumQoS: maximumQoS === 0 || maximumQoS === 1 ? maximumQoS : 2,
  };
}

function deliver(client: MqttClient, standstill: Standstill, events: WireEvents): void {
  const take = (packet: IPublishPacket, next: () => void): void => {
    const pause = events.delivered(deliveryOf(packet, client.stream));
    if (pause === undefined) return next();
    void goOnAfter(pause, next);
  };
  const goOnAfter = async (pause: Promise<void>, next: () => void): Promise<void> => {
    standstill.begin();
    await pause;
    standstill.end();
    next();
  };
  client.handleMessage = (packet, done) => {
    take(packet, () => (packet.qos === 0 ? done() : done(ACKNOWLEDGED_LATER)));
  };
  // Asked before mqtt.js keeps and acknowledges a message above QoS 0. As an option, it would not be for MQTT 3.1.1.
  client.options.customHandleAcks = (_topic, _payload, packet: IPublishPacket, answer) => {
    if (packet.qos === 2) take(packet, () => answer(ACKNOWLEDGED_LATER));
    else answer(0);
  };
}

function deliveryOf(packet: IPublishPacket, connection: object): Delivery {
  const { topic, payload, qos, retain, dup, messageId, properties } = packet;
  const chain = properties?.userProperties?.['chain'];
  return {
    topic,
    // A copy: the library's payload is a window on what was read from the
    // socket, up to 64 KiB, which it would keep alive, and which a message
    // to a thread would copy whole.
    payload: typeof payload === 'string' ? Buffer.from(payload) : new Uint8Array(payload),
    qos,
    retain,
    dup,
    messageId: qos === 0 ? undefined : messageId,
    chain: typeof chain === 'string' ? chain : undefined,
    connection,
  };
}

/**
 * Where mqtt.js would keep messages at QoS 2 until their PUBREL. It finds none,
 * and so answers PUBREL by PUBCOMP at once: only a message that is on disk has
 * had its PUBREC.
 */
class NothingKept extends mqtt.Store {
  readonly #events: Pick<WireEvents, 'released'>;

  constructor(events: Pick<WireEvents, 'released'>) {
    super();
    this.#events = events;
  }

  override get(packet: { messageId?: number }, answer: (error: Error) => void): this {
    if (packet.messageId !== undefined) this.#events.released(packet.messageId);
    answer(NOTHING_KEPT);
    return this;
  }
}

const NOTHING_KEPT = new Error('nothing is kept');

/**
 * Sends by itself what the library would send piece by piece. Messages leave
 * in the order of the calls; above QoS 0 they are sent again as `InFlight` says.
 */
class Sender {
  readonly #client: MqttClient;
  readonly #burst: PacketBurst;
  readonly #inFlight: InFlight;
  readonly #flush = (): void => this.flush();

  constructor(client: MqttClient, protocolVersion: ProtocolVersion) {
    this.#client = client;
    this.#burst = new PacketBurst(protocolVersion);
    this.#inFlight = new InFlight({
      publish: (message, id, repeated) => {
        this.#soon();
        this.#burst.add(message, id, repeated);
      },
      release: (id) => {
        this.#soon();
        this.#burst.addRelease(id);
      },
    });
    client.on('packetreceive', (packet) => this.#received(packet));
  }

  get waitingBytes(): number {
    return this.#burst.length;
  }

  send(message: OutgoingMessage, settled: (error: Error | undefined) => void): number | undefined {
    if (message.qos > 0) return this.#inFlight.send(message, settled);
    this.#soon();
    this.#burst.add(message);
    return undefined;
  }

  forget(id: number): void {
    this.#inFlight.forget(id);
  }

  online({ sessionPresent, receiveMaximum }: Accepted): void {
    this.#inFlight.online(sessionPresent, receiveMaximum);
  }

  /** @returns the message that was being sent again, alone. */
  offline(): number | undefined {
    // What the connection did not take is gone with it.
    this.#burst.take();
    return this.#inFlight.offline();
  }

  flush(): void {
    const bytes = this.#burst.take();
    if (bytes.length > 0 && this.#client.connected) this.#client.stream.write(bytes);
  }

  /** After everything that one read of the socket, or one commit, brings: a write costs more than a message. */
  #soon(): void {
    if (this.#burst.length === 0) setImmediate(this.#flush);
  }

  #received(packet: Packet): void {
    if (packet.cmd !== 'puback' && packet.cmd !== 'pubrec' && packet.cmd !== 'pubcomp') return;
    const { messageId, reasonCode = 0 } = packet;
    if (messageId === undefined) return;
    this.#inFlight.answered(messageId, packet.cmd, reasonCode < LEAST_FAILURE ? undefined : refusalOf(reasonCode));
  }
}

/** Reason codes from here on are refusals (MQTT 5, section 2.4). */
const LEAST_FAILURE = 0x80;

function refusalOf(reasonCode: number): Error {
  const known: Readonly<Record<number, string>> = mqtt.ReasonCodes;
  return new Error(known[reasonCode] ?? `reason code ${reasonCode}`);
}

/** Ids for the library's own packets, SUBSCRIBE and UNSUBSCRIBE: those that `InFlight` leaves to others. */
class PacketIds {
  #last = LARGEST_MESSAGE_ID;

  allocate(): number {
    this.#last = this.#last === LARGEST_ID ? LARGEST_MESSAGE_ID + 1 : this.#last + 1;
    return this.#last;
  }

  getLastAllocated(): number {
    return this.#last;
  }

  register(): boolean {
    return true;
  }

  deallocate(): void {}

  clear(): void {}
}

const LARGEST_ID = 65_535;

/**
 * A hub asks for its filters at each start, and has had the retained messages of those that its session still has (MQTT 5,
 * section 3.8.3.1; 3.1.1 has no such option). What changes while it is away waits in the session, but not at QoS 0: there
 * the retained message is all that is left of it.
 */
const RETAINED_ONCE = 1;

function subscribe(client: MqttClient, subscriptions: readonly Subscription[]): Promise<readonly number[]> {
  const filters = Object.fromEntries(
    subscriptions.map(({ filter, qos }) => [filter, qos === 0 ? { qos } : { qos, rh: RETAINED_ONCE }]),
  );
  return new Promise((resolve, reject) => {
    client.subscribe(filters, (error, _granted, suback) => {
      const answers = codesOf(error === null ? suback : packetOf(error));
      if (answers !== undefined) resolve(answers);
      else reject(error ?? new Error('the broker sent no answer to SUBSCRIBE'));
    });
  });
}

function unsubscribe(client: MqttClient, filters: readonly string[]): Promise<readonly number[]> {
  return new Promise((resolve, reject) => {
    client.unsubscribe([...filters], (error, unsuback) => {
      if (error) reject(error);
      else resolve(codesOf(unsuback) ?? []);
    });
  });
}

/** The library reports refused filters as an error that carries the broker's answer. */
function packetOf(error: Error): unknown {
  return error instanceof mqtt.ErrorWithSubackPacket ? error.packet : undefined;
}

function codesOf(suback: unknown): readonly number[] | undefined {
  if (typeof suback !== 'object' || suback === null || !('granted' in suback)) return undefined;
  const { granted } = suback;
  if (!Array.isArray(granted)) return undefined;
  return granted.filter((code: unknown) => typeof code === 'number');
}

function acknowledge(client: MqttClient, connection: object, messages: readonly Acknowledged[]): void {
  if (client.stream !== connection || !client.connected) return;
  // One write for all: the library would take three writes and an event for each.
  client.stream.write(acknowledgementPackets(messages));
}
