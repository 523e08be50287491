/** The simulator's connection to the broker: the only importer of mqtt.js here. */
import { Socket } from 'node:net';
import mqtt from 'mqtt';
import { SIM_LIMITS } from './limits.js';

export interface SimConnection {
  /** Resolves when the broker has it; at QoS 1, in order. */
  publish(topic: string, payload: string): Promise<void>;
  close(): Promise<void>;
}

export type Heard = (topic: string, payload: Uint8Array) => void;

/**
 * Connects in MQTT 3.1.1, which every broker speaks, and hears everything.
 * @throws if the broker cannot be reached; says where and why.
 */
export async function connectSim(url: string, heard: Heard): Promise<SimConnection> {
  const client = mqtt.connect(url, {
    protocolVersion: 4,
    clean: true,
    reconnectPeriod: 1_000,
    reconnectOnConnackError: true,
    log: () => undefined,
  });
  client.handleMessage = (packet, done) => {
    const { payload } = packet;
    heard(packet.topic, typeof payload === 'string' ? Buffer.from(payload) : payload);
    done();
  };
  client.on('connect', () => {
    if (client.stream instanceof Socket) client.stream.setNoDelay(true);
  });
  try {
    await firstConnection(client);
  } catch (cause) {
    await client.endAsync(true);
    const why = cause instanceof Error ? cause.message || cause.name : String(cause);
    throw new Error(`no MQTT broker at ${url}: ${why}`, { cause });
  }
  await client.subscribeAsync('#', { qos: 0 });
  return {
    publish: async (topic, payload) => {
      await client.publishAsync(topic, payload, { qos: 1 });
    },
    close: () => client.endAsync(!client.connected),
  };
}

function firstConnection(client: mqtt.MqttClient): Promise<void> {
  return new Promise((resolve, reject) => {
    let last = new Error('it did not answer');
    const onError = (error: Error): void => {
      last = error;
    };
    const timer = setTimeout(() => reject(last), SIM_LIMITS.connectMs);
    client.on('error', onError);
    client.once('connect', () => {
      clearTimeout(timer);
      client.off('error', onError);
      resolve();
    });
  });
}
