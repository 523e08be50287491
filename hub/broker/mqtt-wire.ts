/**
 * The MQTT client library behind the `Wire` port: the only importer of mqtt.js.
 *
 * mqtt.js handles incoming packets strictly one at a time and acknowledges a
 * message when its handler has called back. Here the handler calls back at
 * once, with an error when the acknowledgement is to come later: then
 * mqtt.js sends none and goes on with the next packet. A contract test holds
 * it to that, because no documentation promises it.
 */
import { Socket } from 'node:net';
import mqtt, { type IClientOptions, type IConnackPacket, type MqttClient } from 'mqtt';
import type { OutgoingMessage, Subscription } from '../events.js';
import { LINK_LIMITS } from './limits.js';
import { originProperties } from './origin-properties.js';
import { PacketBurst } from './packet-burst.js';
import type { Accepted, ProtocolVersion, Wire, WireEvents } from './wire.js';

export interface WireOptions {
  readonly url: string;
  readonly clientId: string;
  /** Whether the broker keeps subscriptions and unacknowledged messages over a disconnect. */
  readonly persistent: boolean;
  readonly protocolVersion: ProtocolVersion;
  readonly username?: string;
  readonly password?: string;
}

/** Tells mqtt.js to send no PUBACK. One object: making an error per message would cost more than the message. */
const ACKNOWLEDGED_LATER = new Error('acknowledged later');

/** PUBACK is packet type 4; two bytes follow, the id. The reason code 0 of MQTT 5 may be left out (section 3.4.2.1). */
const PUBACK_HEADER = 0x40;
const PUBACK_BYTES = 4;

/** Starts connecting, and reconnects until ended. */
export function openWire(options: WireOptions, events: WireEvents): Wire {
  const client = mqtt.connect(options.url, clientOptions(options));
  watch(client, options.protocolVersion, events);
  deliver(client, events);
  const sender = new Sender(client, options.protocolVersion);
  return {
    send: (message, settled) => sender.send(message, settled),
    forget: (messageId) => void client.removeOutgoingMessage(messageId),
    backlogBytes: () => client.stream.writableLength + sender.waitingBytes,
    onceDrained: (then) => void client.stream.once('drain', then),
    subscribe: (subscriptions) => subscribe(client, subscriptions),
    acknowledge: (connection, messageIds) => acknowledge(client, connection, messageIds),
    end: (force) => {
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
    keepalive: LINK_LIMITS.keepaliveSeconds,
    reconnectPeriod: LINK_LIMITS.reconnectMs,
    connectTimeout: LINK_LIMITS.connackMs,
    // Without it, a broker that is still starting up and says "not now" once is never tried again.
    reconnectOnConnackError: true,
    // The link subscribes again by itself: it knows which filters were granted.
    resubscribe: false,
    // The link holds what is published while offline, within bounds.
    queueQoSZero: false,
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

function watch(client: MqttClient, protocolVersion: ProtocolVersion, events: WireEvents): void {
  let lastError: Error | undefined;
  let suspect: number | undefined;
  // What is sent between CONNACK and 'connect' is sent again, one message at a time.
  const resends = (packet: { cmd: string; messageId?: number }): void => {
    if (packet.cmd === 'publish') suspect = packet.messageId;
  };
  client.on('connect', (connack) => {
    client.off('packetsend', resends);
    suspect = undefined;
    // Small packets wait for the answer to earlier ones otherwise: 2.5 ms instead of 0.35 ms per event.
    if (client.stream instanceof Socket) client.stream.setNoDelay(true);
    events.online(accepted(connack, protocolVersion));
  });
  client.on('close', () => {
    client.off('packetsend', resends);
    client.on('packetsend', resends);
    const [reason, blamed] = [lastError, suspect];
    lastError = undefined;
    suspect = undefined;
    events.offline(reason, blamed);
  });
  client.on('disconnect', (packet) => {
    lastError = new Error(`the broker disconnected: reason code ${packet.reasonCode ?? 0}`);
  });
  client.on('error', (error) => {
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

function deliver(client: MqttClient, events: WireEvents): void {
  client.handleMessage = (packet, done) => {
    const { payload, qos } = packet;
    events.delivered({
      topic: packet.topic,
      // A copy: the library's payload is a window on what was read from the
      // socket, up to 64 KiB, which it would keep alive, and which a message
      // to a thread would copy whole.
      payload: typeof payload === 'string' ? Buffer.from(payload) : new Uint8Array(payload),
      qos,
      retain: packet.retain,
      dup: packet.dup,
      messageId: qos === 1 ? packet.messageId : undefined,
      connection: client.stream,
    });
    if (qos === 1) done(ACKNOWLEDGED_LATER);
    else done();
  };
}

/** Messages leave in the order of the calls. */
class Sender {
  readonly #client: MqttClient;
  readonly #burst: PacketBurst;
  readonly #hasProperties: boolean;

  constructor(client: MqttClient, protocolVersion: ProtocolVersion) {
    this.#client = client;
    this.#hasProperties = protocolVersion === 5;
    this.#burst = new PacketBurst(protocolVersion);
  }

  get waitingBytes(): number {
    return this.#burst.length;
  }

  send(message: OutgoingMessage, settled: (error: Error | undefined) => void): number | undefined {
    const { topic, qos, retain, payload: bytes, origin } = message;
    if (qos === 0 && this.#client.connected) {
      if (this.#burst.length === 0) process.nextTick(() => this.flush());
      this.#burst.add(message);
      return undefined;
    }
    this.flush();
    const payload = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const properties =
      origin === undefined || !this.#hasProperties ? {} : { properties: { userProperties: originProperties(origin) } };
    if (qos === 0) {
      // No callback: with one, the library adds a 'drain' listener per message to a full socket.
      this.#client.publish(topic, payload, { qos, retain, ...properties });
      return undefined;
    }
    this.#client.publish(topic, payload, { qos, retain, ...properties }, (error) => settled(error ?? undefined));
    return this.#client.getLastMessageId();
  }

  /** At QoS 0 what the connection did not take is gone with it. */
  flush(): void {
    if (this.#burst.length === 0) return;
    const bytes = this.#burst.take();
    if (this.#client.connected) this.#client.stream.write(bytes);
  }
}

function subscribe(client: MqttClient, subscriptions: readonly Subscription[]): Promise<readonly number[]> {
  const filters = Object.fromEntries(subscriptions.map(({ filter, qos }) => [filter, { qos }]));
  return new Promise((resolve, reject) => {
    client.subscribe(filters, (error, _granted, suback) => {
      const answers = codesOf(error === null ? suback : packetOf(error));
      if (answers !== undefined) resolve(answers);
      else reject(error ?? new Error('the broker sent no answer to SUBSCRIBE'));
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

function acknowledge(client: MqttClient, connection: object, messageIds: readonly number[]): void {
  if (client.stream !== connection || !client.connected) return;
  // One write for all: the library would take three writes and an event for each.
  const packets = Buffer.allocUnsafe(messageIds.length * PUBACK_BYTES);
  for (const [i, id] of messageIds.entries()) {
    const at = i * PUBACK_BYTES;
    packets[at] = PUBACK_HEADER;
    packets[at + 1] = PUBACK_BYTES - 2;
    packets.writeUInt16BE(id, at + 2);
  }
  client.stream.write(packets);
}
