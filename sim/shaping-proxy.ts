/** A TCP link that is as slow, as far and as unreliable as one says: between two programs that believe it is the network. */
import { connect, createServer, type Server, type Socket } from 'node:net';

interface LinkShape {
  /** One way. */
  readonly delayMs: number;
  /** Each way; Infinity for as much as there is. */
  readonly bytesPerMs: number;
  /** Nothing arrives, and nothing is closed: as when a cable is pulled. */
  readonly isStalled: boolean;
}

export interface ShapingProxy {
  readonly port: number;
  /** Connections that are open. */
  readonly connections: number;
  /** Bytes that arrived at the target. */
  readonly bytesOut: number;
  /** Bytes that arrived at those who connected. */
  readonly bytesBack: number;
  /** From now on, also for what is on its way. */
  shape(change: Partial<LinkShape>): void;
  /** Cuts all connections. New ones are taken. */
  cut(): void;
  close(): Promise<void>;
}

/** What is on its way at most, in each direction: then the sender waits, as with any network. */
const ON_THE_WAY_BYTES = 256 * 1024;
/** How often it is looked whether something has arrived. */
const TICK_MS = 2;

/** Listens on a free port of loopback and hands everything on. @throws Error when it cannot listen. */
export async function startShapingProxy(target: {
  readonly host: string;
  readonly port: number;
}): Promise<ShapingProxy> {
  let shape: LinkShape = { delayMs: 0, bytesPerMs: Infinity, isStalled: false };
  let bytesOut = 0;
  let bytesBack = 0;
  const pairs = new Set<readonly Lane[]>();
  const server = createServer((near) => {
    const far = connect(target);
    const lanes = [
      new Lane(near, far, (bytes) => (bytesOut += bytes)),
      new Lane(far, near, (bytes) => (bytesBack += bytes)),
    ];
    pairs.add(lanes);
    for (const socket of [near, far]) {
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        pairs.delete(lanes);
        for (const other of [near, far]) other.destroy();
      });
    }
  });
  let lastMs = performance.now();
  const ticking = setInterval(() => {
    const nowMs = performance.now();
    for (const lanes of pairs) for (const lane of lanes) lane.move(shape, nowMs, nowMs - lastMs);
    lastMs = nowMs;
  }, TICK_MS);
  const port = await listening(server);
  const cut = (): void => {
    for (const lanes of pairs) for (const lane of lanes) lane.cut();
  };
  return {
    port,
    get connections() {
      return pairs.size;
    },
    get bytesOut() {
      return bytesOut;
    },
    get bytesBack() {
      return bytesBack;
    },
    shape: (change) => (shape = { ...shape, ...change }),
    cut,
    close: async () => {
      clearInterval(ticking);
      cut();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
}

/** One direction of a connection. */
class Lane {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #arrived: (bytes: number) => void;
  #onTheWay: { readonly sentMs: number; bytes: Buffer }[] = [];
  #size = 0;
  #allowance = 0;

  constructor(from: Socket, to: Socket, arrived: (bytes: number) => void) {
    this.#from = from;
    this.#to = to;
    this.#arrived = arrived;
    from.on('data', (bytes: Buffer) => {
      this.#onTheWay.push({ sentMs: performance.now(), bytes });
      this.#size += bytes.length;
      if (this.#size > ON_THE_WAY_BYTES) from.pause();
    });
  }

  /** Lets arrive what is due. */
  move(shape: LinkShape, nowMs: number, passedMs: number): void {
    if (shape.isStalled) return;
    // What a quiet line could have carried is not saved up.
    this.#allowance = Math.min(this.#allowance + passedMs * shape.bytesPerMs, Math.max(1, 20 * shape.bytesPerMs));
    for (let first = this.#onTheWay[0]; first !== undefined; first = this.#onTheWay[0]) {
      const fits = Math.floor(Math.min(this.#allowance, first.bytes.length));
      if (nowMs - first.sentMs < shape.delayMs || fits < 1) break;
      this.#to.write(first.bytes.subarray(0, fits));
      this.#arrived(fits);
      this.#allowance -= fits;
      this.#size -= fits;
      if (fits === first.bytes.length) this.#onTheWay.shift();
      else first.bytes = first.bytes.subarray(fits);
    }
    if (this.#size <= ON_THE_WAY_BYTES) this.#from.resume();
  }

  cut(): void {
    this.#onTheWay = [];
    this.#from.destroy();
  }
}

function listening(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      server.off('error', reject);
      const address = server.address();
      if (typeof address === 'object' && address !== null) resolve(address.port);
      else reject(new Error('the proxy does not know its port'));
    });
  });
}
