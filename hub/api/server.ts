/** The control API on a socket. The only importer of @hono/node-server. */
import { createServer, type Server } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { removeAddress, writeAddress } from './address.js';
import { createApp, type AppParts } from './app.js';
import { API_BOUNDS } from './limits.js';
import { apiToken } from './token.js';

export interface ApiOptions extends Omit<AppParts, 'token'> {
  readonly dataDir: string;
  readonly host: string;
  /** 0 is any free one. */
  readonly port: number;
}

export interface Api {
  readonly url: string;
  /** Ends all connections. Idempotent. */
  close(): Promise<void>;
}

/** @throws Error when it cannot listen there. */
export async function startApi(options: ApiOptions): Promise<Api> {
  const { dataDir, host, port } = options;
  const app = createApp({ ...options, token: await apiToken(dataDir) });
  const answer = getRequestListener(app.fetch);
  const server = createServer(TIMES, (request, response) => void answer(request, response));
  server.maxConnections = API_BOUNDS.connections;
  const bound = await listening(server, host, port);
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${bound}`;
  await writeAddress(dataDir, { url, pid: process.pid });
  let closed: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    options.followers.close();
    await removeAddress(dataDir);
    const ended = new Promise<void>((resolve) => void server.close(() => resolve()));
    server.closeAllConnections();
    await ended;
  };
  return { url, close: () => (closed ??= close()) };
}

/** Resolves with the port. */
function listening(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

/** A client that is slow to say what it wants is let go. */
const TIMES = {
  headersTimeout: API_BOUNDS.headMs,
  requestTimeout: API_BOUNDS.requestMs,
  connectionsCheckingInterval: 1_000,
};
