/** Links to providers over WebSocket, with the provider's own certificate or on loopback. The only importer of ws in this room. */
import { createHash } from 'node:crypto';
import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { WebSocket } from 'ws';
import { BINDING_BYTES, BINDING_LABEL, PROTOCOL_BOUNDS, ProtocolError } from '../../provider/protocol/index.js';
import { SESSION_BOUNDS } from './limits.js';

export interface ProviderLink {
  /** See `Transcript.binding`. */
  readonly binding: Uint8Array;
  readonly bufferedBytes: number;
  send(bytes: Uint8Array): void;
  /** Reads nothing more while it is paused. */
  pause?(isPaused: boolean): void;
  /** Sends what is pending, then closes. */
  close(): void;
  /** Cuts it now. */
  cut(): void;
}

export interface LinkEvents {
  message(bytes: Uint8Array): void;
  closed(reason: string): void;
}

export interface LinkOptions {
  readonly url: string;
  /** sha256 of the provider's certificate, as DER; undefined for ws. */
  readonly certificate: Uint8Array | undefined;
  /** Milliseconds since 1970 (UTC): a certificate has its time. */
  readonly nowMs: number;
}

/**
 * Connects. Nothing is sent to a provider that does not have the certificate.
 * @throws ProtocolError 'identity' when the certificate is another one, or out of its time; Error when it cannot be reached.
 */
export async function connectLink(options: LinkOptions, events: LinkEvents): Promise<ProviderLink> {
  const url = new URL(options.url);
  const signal = AbortSignal.timeout(SESSION_BOUNDS.openMs);
  const { socket, binding } = await connected(url, options, signal);
  socket.setNoDelay(true);
  const webSocket = new WebSocket(`ws://${url.host}/`, {
    createConnection: () => socket,
    perMessageDeflate: false,
    maxPayload: PROTOCOL_BOUNDS.messageBytes,
    handshakeTimeout: SESSION_BOUNDS.openMs,
  });
  // Before it is open: the provider speaks first.
  let reason = 'the link was closed';
  webSocket.on('message', (data) => {
    if (Buffer.isBuffer(data)) events.message(data);
  });
  webSocket.on('error', (error) => (reason = error.message));
  await new Promise<void>((resolve, reject) => {
    webSocket.once('open', () => resolve());
    webSocket.once('close', () => reject(new Error(reason)));
  });
  webSocket.on('close', () => events.closed(reason));
  return {
    binding,
    get bufferedBytes() {
      return webSocket.bufferedAmount;
    },
    send: (bytes) => {
      if (webSocket.readyState === webSocket.OPEN) webSocket.send(bytes, () => undefined);
    },
    pause: (isPaused) => (isPaused ? webSocket.pause() : webSocket.resume()),
    close: () => {
      webSocket.close(1000);
      setTimeout(() => webSocket.terminate(), SESSION_BOUNDS.cancelMs).unref();
    },
    cut: () => webSocket.terminate(),
  };
}

interface Connected {
  readonly socket: Socket;
  readonly binding: Uint8Array;
}

async function connected(url: URL, options: LinkOptions, signal: AbortSignal): Promise<Connected> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = Number(url.port === '' ? (url.protocol === 'wss:' ? 443 : 80) : url.port);
  if (url.protocol !== 'wss:') {
    const socket = connectPlain({ host, port });
    await happened(socket, 'connect', signal);
    return { socket, binding: new Uint8Array() };
  }
  // The certificate itself is compared: no authority's word is asked for.
  const socket = connectTls({ host, port, rejectUnauthorized: false, minVersion: 'TLSv1.3' });
  await happened(socket, 'secureConnect', signal);
  const fault = certificateFault(socket, options);
  if (fault === undefined) {
    return { socket, binding: socket.exportKeyingMaterial(BINDING_BYTES, BINDING_LABEL, Buffer.alloc(0)) };
  }
  socket.destroy();
  throw new ProtocolError('identity', fault);
}

function happened(socket: Socket, event: 'connect' | 'secureConnect', signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const late = (): void => void socket.destroy(new Error(`there was no answer within ${SESSION_BOUNDS.openMs} ms`));
    signal.addEventListener('abort', late);
    socket.once('error', reject);
    socket.once(event, () => {
      signal.removeEventListener('abort', late);
      socket.off('error', reject);
      resolve();
    });
  });
}

function certificateFault(
  socket: TLSSocket,
  { certificate: expected, nowMs }: Pick<LinkOptions, 'certificate' | 'nowMs'>,
): string | undefined {
  const found = socket.getPeerX509Certificate();
  if (found === undefined || expected === undefined) return 'The provider shows no certificate';
  if (Buffer.compare(createHash('sha256').update(found.raw).digest(), expected) !== 0) {
    return 'The provider’s certificate is not the one of the join token: it was renewed, or somebody else answers';
  }
  if (nowMs < Date.parse(found.validFrom)) return `The provider’s certificate is not valid before ${found.validFrom}`;
  if (nowMs > Date.parse(found.validTo)) {
    return `The provider’s certificate expired on ${found.validTo}: begin anew with "sterna provider init" there`;
  }
  return undefined;
}
