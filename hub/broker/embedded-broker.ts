/**
 * A broker inside the hub, so that Sterna runs with nothing else installed:
 * the only importer of aedes.
 *
 * Devices are hostile here as anywhere: packets, connections, subscriptions
 * and retained messages are bounded. It speaks MQTT 3.1 and 3.1.1 and keeps
 * no session over a disconnect, because what it would keep is memory.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { EventEmitter } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Aedes, type Client, type PublishPacket, type Subscription } from 'aedes';
import { topicFault } from '../../runtime/index.js';
import { BrokerError } from './errors.js';
import { EMBEDDED_LIMITS } from './limits.js';
import { PacketMeter } from './packet-meter.js';
import { RetainedBudget } from './retained-budget.js';

export interface EmbeddedBrokerOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** Listens on an address that other machines reach. It asks for no password: only for networks where everyone is trusted. */
  readonly beyondLoopback?: boolean;
  /**
   * Others than the hub are answered once this resolves; they may connect before, and wait. What one of them publishes
   * earlier would be acknowledged, with nobody there to take it. Default: at once.
   */
  readonly ready?: Promise<void>;
  /** Told of what went wrong with a client, or inside. */
  readonly onFault?: (fault: Error) => void;
}

export interface EmbeddedBroker {
  /** For clients on this machine: mqtt://HOST:PORT */
  readonly url: string;
  /**
   * What the hub connects with, and nobody else knows: this one connection
   * may stop reading for as long as it has no room. Who publishes waits then,
   * so that nothing is lost.
   */
  readonly hub: { readonly username: string; readonly password: string };
  /** Disconnects all clients. Idempotent. */
  close(): Promise<void>;
}

const HUB_PASSWORD_BYTES = 16;

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/;

/** @throws BrokerError 'listen': beyond loopback without being told to, or the address is taken. */
export async function startEmbeddedBroker(options: EmbeddedBrokerOptions = {}): Promise<EmbeddedBroker> {
  const host = options.host ?? '127.0.0.1';
  const port = options.port ?? 0;
  if (!LOOPBACK.test(host) && options.beyondLoopback !== true) {
    throw new BrokerError(
      'listen',
      `cannot listen on ${host}: the embedded broker asks for no password, so it listens beyond this machine only when told to explicitly`,
    );
  }
  const fault = options.onFault ?? (() => undefined);
  const hub = { username: 'hub', password: randomBytes(HUB_PASSWORD_BYTES).toString('hex') };
  const aedes = await createAedes({ fault, hubPassword: hub.password, ready: options.ready ?? Promise.resolve() });
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    accept(aedes, socket);
  });
  server.maxConnections = EMBEDDED_LIMITS.connections;
  try {
    await listen(server, host, port);
  } catch (error) {
    await new Promise<void>((resolve) => aedes.close(resolve));
    throw error;
  }
  server.on('error', fault);
  let closed: Promise<void> | undefined;
  return {
    url: urlOf(server.address()),
    hub,
    close: () => (closed ??= stop(aedes, server, sockets)),
  };
}

interface Inside {
  readonly fault: (fault: Error) => void;
  readonly hubPassword: string;
  readonly ready: Promise<void>;
}

async function createAedes({ fault, hubPassword, ready }: Inside): Promise<Aedes> {
  const retained = new RetainedBudget({
    topics: EMBEDDED_LIMITS.retainedTopics,
    bytes: EMBEDDED_LIMITS.retainedBytes,
  });
  const aedes = await Aedes.createBroker({
    drainTimeout: EMBEDDED_LIMITS.drainMs,
    connectTimeout: EMBEDDED_LIMITS.connectMs,
    maxInflightInbound: EMBEDDED_LIMITS.inboundQoS2,
    preConnect: (client, packet, done) => {
      // A session that outlives its connection would queue messages without bound.
      packet.clean = true;
      if (isEqual(packet.password, hubPassword)) {
        waitForEver(client);
        // Its pings are not looked at while what it published before them waits for its own reading.
        packet.keepalive = 0;
      }
      done(null, true);
    },
    // Until it is answered, aedes reads nothing more of the client.
    authenticate: (_client, _username, password, done) => {
      if (isEqual(password, hubPassword)) done(null, true);
      else void after(ready, () => done(null, true));
    },
    authorizePublish: (_client, packet, done) => {
      const problem = publishProblem(packet);
      if (problem !== undefined) return done(new Error(problem));
      if (packet.retain && !retained.admits(packet.topic, packet.payload.length)) packet.retain = false;
      done(null);
    },
    authorizeSubscribe: (client, subscription, done) => {
      done(null, maySubscribe(client, subscription) ? subscription : null);
    },
  });
  aedes.on('clientError', (_client, error) => fault(error));
  aedes.on('connectionError', (_client, error) => fault(error));
  // Not among the declared events, but emitted; unheard, it would end the process.
  const emitter: EventEmitter = aedes;
  emitter.on('error', fault);
  return aedes;
}

async function after(ready: Promise<void>, answer: () => void): Promise<void> {
  await ready;
  answer();
}

/** Compares in constant time. */
function isEqual(given: Uint8Array | string | undefined, expected: string): boolean {
  const bytes = Buffer.from(given ?? '');
  return bytes.length === expected.length && timingSafeEqual(bytes, Buffer.from(expected));
}

/**
 * Lets a client stop reading without being disconnected for it. aedes has one
 * `drainTimeout` for all clients; what it does where there is none is done
 * here for one. A contract test holds it to that.
 */
function waitForEver(client: Client): void {
  const waitForDrain = (drained: () => void): void => void client.conn.once('drain', drained);
  Object.assign(client, { waitForDrain });
}

function publishProblem({ topic }: PublishPacket): string | undefined {
  // The broker's own announcements begin with $ too, but do not come this way.
  if (topic.startsWith('$')) return `cannot publish to "${topic.slice(0, 80)}": topics that begin with $ are reserved`;
  return topicFault(topic);
}

function maySubscribe(client: Client, { topic }: Subscription): boolean {
  // aedes accepts a shared subscription and then delivers nothing: better to refuse it.
  if (topic.startsWith('$share/')) return false;
  const held: unknown = 'subscriptions' in client ? client.subscriptions : undefined;
  return typeof held !== 'object' || held === null || Object.keys(held).length < EMBEDDED_LIMITS.subscriptionsPerClient;
}

function accept(aedes: Aedes, socket: Socket): void {
  const meter = new PacketMeter(EMBEDDED_LIMITS.packetBytes);
  aedes.handle(socket);
  // aedes reads with read(); each chunk is also emitted here, just before aedes parses it.
  socket.on('data', (chunk: Buffer) => {
    if (meter.exceeds(chunk)) socket.destroy(new Error(`a packet of more than ${EMBEDDED_LIMITS.packetBytes} bytes`));
  });
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      const taken = 'code' in cause && cause.code === 'EADDRINUSE';
      const why = taken ? 'another program listens there: choose another port, or 0 for any free one' : cause.message;
      reject(new BrokerError('listen', `cannot listen on ${host}:${port}: ${why}`, { cause }));
    });
    server.listen(port, host, () => {
      server.removeAllListeners('error');
      resolve();
    });
  });
}

function urlOf(address: AddressInfo | string | null): string {
  if (address === null || typeof address === 'string')
    throw new BrokerError('listen', 'the broker has no network address');
  const everywhere = address.address === '0.0.0.0' || address.address === '::';
  const host = everywhere ? '127.0.0.1' : address.address;
  return `mqtt://${host.includes(':') ? `[${host}]` : host}:${address.port}`;
}

async function stop(aedes: Aedes, server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  const stopped = new Promise<void>((resolve) => server.close(() => resolve()));
  await new Promise<void>((resolve) => aedes.close(() => resolve()));
  for (const socket of sockets) socket.destroy();
  await stopped;
}
