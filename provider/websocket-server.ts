/** Links over WebSocket (RFC 6455), with TLS or on loopback. The only importer of ws in this room. */
import { once } from 'node:events';
import { createServer as createPlainServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { TLSSocket } from 'node:tls';
import { WebSocketServer, type WebSocket } from 'ws';
import type { Link } from './link.js';
import { BINDING_BYTES, BINDING_LABEL, PROTOCOL_BOUNDS } from './protocol/index.js';
import type { Provider } from './provider.js';

export interface ListenOptions {
  readonly host: string;
  /** 0 is any free one. */
  readonly port: number;
  /** Key and certificate in PEM; without them there is no TLS. */
  readonly tls: { readonly key: string; readonly cert: string } | undefined;
  readonly connections: number;
}

export interface Listener {
  readonly port: number;
  /** Ends all connections. */
  close(): Promise<void>;
}

/** How long a connection may take to become a WebSocket. */
const UPGRADE_MS = 5_000;
/** What a hub may send before it is known: its hello, and as much again for frames, or to be told that it is too large. */
const UNKNOWN_BYTES = 2 * PROTOCOL_BOUNDS.helloBytes;
/** How long a link that is closed may take to send what is pending. */
const CLOSE_MS = 2_000;

/** @throws Error when it cannot listen there. */
export async function listen(options: ListenOptions, provider: Pick<Provider, 'accept'>): Promise<Listener> {
  const { host, port, tls, connections } = options;
  const times = { headersTimeout: UPGRADE_MS, requestTimeout: UPGRADE_MS, connectionsCheckingInterval: 1_000 };
  const server: Server =
    tls === undefined
      ? createPlainServer(times)
      : createTlsServer({ ...times, ...tls, minVersion: 'TLSv1.3', handshakeTimeout: UPGRADE_MS });
  // Those that are not WebSockets yet count as well.
  server.maxConnections = 2 * connections;
  const sockets = new WebSocketServer({
    server,
    maxPayload: PROTOCOL_BOUNDS.messageBytes,
    perMessageDeflate: false,
    clientTracking: true,
  });
  sockets.on('connection', (socket, request) => {
    const remote = `${request.socket.remoteAddress ?? '?'}:${request.socket.remotePort ?? '?'}`;
    const binding =
      request.socket instanceof TLSSocket
        ? request.socket.exportKeyingMaterial(BINDING_BYTES, BINDING_LABEL, Buffer.alloc(0))
        : new Uint8Array();
    request.socket.setNoDelay(true);
    // A message is looked at when all of it is there: nobody unknown is to have that much kept.
    let unknownBytes = 0;
    const count = (chunk: Buffer): void => {
      unknownBytes += chunk.length;
      if (unknownBytes > UNKNOWN_BYTES) socket.terminate();
    };
    request.socket.on('data', count);
    const known = (): void => void request.socket.off('data', count);
    const events = provider.accept(linkOf(socket, { remote, binding, known }));
    socket.on('message', (data, isBinary) => {
      if (isBinary && Buffer.isBuffer(data)) events.message(data);
      else events.message(Buffer.alloc(0));
    });
    socket.on('close', () => events.closed());
    // 'close' follows: a message that is too large, or no WebSocket at all.
    socket.on('error', () => undefined);
  });
  server.listen(port, host);
  // Rejects when it cannot.
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    close: async () => {
      const ended = new Promise<void>((resolve) => void server.close(() => resolve()));
      for (const socket of sockets.clients) socket.terminate();
      server.closeAllConnections();
      await ended;
    },
  };
}

function linkOf(socket: WebSocket, given: Pick<Link, 'remote' | 'binding' | 'known'>): Link {
  let pauses = 0;
  return {
    ...given,
    get bufferedBytes() {
      return socket.bufferedAmount;
    },
    send: (bytes) => {
      if (socket.readyState === socket.OPEN) socket.send(bytes, () => undefined);
    },
    get isPaused() {
      return pauses > 0;
    },
    pause: () => {
      pauses++;
      socket.pause();
    },
    resume: () => {
      if (--pauses === 0) socket.resume();
    },
    close: () => {
      socket.close(1000);
      setTimeout(() => socket.terminate(), CLOSE_MS).unref();
    },
  };
}
