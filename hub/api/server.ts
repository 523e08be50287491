/** The control API on a socket. The only importer of @hono/node-server. */
import { once } from 'node:events';
import { createServer } from 'node:http';
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
  server.listen(port, host);
  // Rejects when it cannot.
  await once(server, 'listening');
  const address = server.address();
  const bound = typeof address === 'object' && address !== null ? address.port : port;
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${bound}`;
  await writeAddress(dataDir, url);
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

/** A client that is slow to say what it wants is let go. */
const TIMES = {
  headersTimeout: API_BOUNDS.headMs,
  requestTimeout: API_BOUNDS.requestMs,
  connectionsCheckingInterval: 1_000,
};
