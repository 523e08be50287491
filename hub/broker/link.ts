/**
 * The hub's connection to its broker: messages in, messages out, over any
 * number of network connections.
 */
import type { BrokerLink, MessageHandler, Subscription } from '../broker-link.js';
import { Acknowledgements } from './acknowledgements.js';
import { brokerAddress, withoutSecrets, type BrokerAddress } from './broker-address.js';
import { BrokerError } from './errors.js';
import { Gate } from './gate.js';
import { LINK_LIMITS } from './limits.js';
import { openWire, type WireOptions } from './mqtt-wire.js';
import { Publishing } from './publishing.js';
import { Subscriptions } from './subscriptions.js';
import type { Accepted, Delivery, ProtocolVersion, Wire, WireEvents } from './wire.js';

export interface BrokerOptions {
  /** mqtt://, mqtts://, ws:// or wss://, with user and password if need be; those below come before them. */
  readonly url: string;
  /**
   * Must stay the same over restarts, and be this hub's alone: the broker
   * keeps unacknowledged messages under it.
   */
  readonly clientId: string;
  /**
   * Whether the broker keeps the session while the hub is away, default true.
   * It then also keeps filters that a later start no longer asks for.
   */
  readonly persistent?: boolean;
  /** Spoken at once, where it is known; by default MQTT 5 is tried first, then 3.1.1. */
  readonly protocolVersion?: ProtocolVersion;
  /** A dead link is found within one and a half times this; default `LINK_LIMITS.keepaliveSeconds`. */
  readonly keepaliveSeconds?: number;
  readonly username?: string;
  readonly password?: string;
  /** How long the first connection is tried for, default `LINK_LIMITS.firstConnectMs`; `Infinity` for as long as it takes. */
  readonly firstConnectMs?: number;
  /** Ends the wait for the first connection. */
  readonly signal?: AbortSignal | undefined;
  /** Told when the connection comes and goes. */
  readonly onState?: (state: LinkState) => void;
  /** Told the packet id of a message at QoS 2 that the broker will not send again. */
  readonly onReleased?: (packetId: number) => void;
  readonly now?: () => number;
}

export type LinkState =
  | { readonly kind: 'online'; readonly protocolVersion: ProtocolVersion; readonly sessionPresent: boolean }
  /** Reconnecting goes on by itself. */
  | { readonly kind: 'offline'; readonly reason: string }
  /** It was never there, and is tried again: why not, said once for each reason in a row. */
  | { readonly kind: 'unreachable'; readonly reason: string };

/** Opens a wire of one protocol version: replaced in tests. */
export type OpenWire = (options: WireOptions, events: WireEvents) => Wire;

/** CONNACK codes for "I do not speak that version": of MQTT 3.1.1, and of MQTT 5. */
const UNSUPPORTED_VERSION: ReadonlySet<number> = new Set([1, 132]);
/** Codes that trying again does not cure: client id, credentials, authorisation, banned. */
const HOPELESS: ReadonlySet<number> = new Set([2, 4, 5, 133, 134, 135, 138, 140]);

/**
 * Connects, in MQTT 5 or, where the broker does not speak it, in MQTT 3.1.1,
 * and stays connected until closed.
 *
 * `onMessage` is called synchronously for each message and must return at
 * once; when it returns a promise, nothing more is read from the broker until
 * that resolves. A message above QoS 0 is acknowledged to the broker, by PUBACK
 * or PUBREC, once the hub has called `acknowledge` on it and on all that came
 * before it on the same connection; if that connection is gone by then, the
 * broker delivers the message again with `dup` set.
 *
 * @throws BrokerError 'unreachable', 'connection-refused'; 'closed' when the signal ended the wait.
 */
export async function connectBroker(
  options: BrokerOptions,
  onMessage: MessageHandler,
  open: OpenWire = openWire,
): Promise<BrokerLink> {
  const address = addressOf(options.url);
  const deadline = performance.now() + (options.firstConnectMs ?? LINK_LIMITS.firstConnectMs);
  const versions: readonly ProtocolVersion[] =
    options.protocolVersion === undefined ? [5, 4] : [options.protocolVersion];
  for (const [i, version] of versions.entries()) {
    const link = new Link({ ...address, ...options, url: address.url }, onMessage, open, version);
    const giveUp = (): void => link.giveUp();
    options.signal?.addEventListener('abort', giveUp);
    try {
      if (options.signal?.aborted === true) giveUp();
      await link.connected(deadline - performance.now());
      return link;
    } catch (error) {
      await link.close();
      if (!(error instanceof UnsupportedVersion) || i === versions.length - 1) throw error;
    } finally {
      options.signal?.removeEventListener('abort', giveUp);
    }
  }
  throw new BrokerError('connection-refused', 'no protocol version to try');
}

function addressOf(url: string): BrokerAddress {
  const address = brokerAddress(url);
  if (address !== undefined) return address;
  // What has an "@" may have a password.
  const named = url.includes('@') ? 'the URL' : `"${url}"`;
  throw new BrokerError(
    'unreachable',
    `${named} does not name a broker: write mqtt://HOST:PORT, or mqtts:, ws:, wss:; in a user or a password, write % / ? # @ as %25 %2F %3F %23 %40`,
  );
}

class UnsupportedVersion extends BrokerError {}

class Link implements BrokerLink {
  private readonly wire: Wire;
  private readonly publishing: Publishing;
  private readonly subscriptions: Subscriptions;
  private readonly first = new Gate();
  private readonly now: () => number;
  private isOnline = false;
  private wasOnline = false;
  private toldReason: string | undefined;
  private closing: Promise<void> | undefined;
  /** Messages of `connection` that are not acknowledged. */
  private unacknowledged = new Acknowledgements();
  private connection: object | undefined;
  private flushing = false;

  constructor(
    private readonly options: BrokerOptions,
    private readonly onMessage: MessageHandler,
    open: OpenWire,
    private readonly protocolVersion: ProtocolVersion,
  ) {
    this.now = options.now ?? Date.now;
    this.wire = open(
      {
        url: options.url,
        clientId: options.clientId,
        persistent: options.persistent ?? true,
        protocolVersion,
        keepaliveSeconds: options.keepaliveSeconds ?? LINK_LIMITS.keepaliveSeconds,
        ...(options.username === undefined ? {} : { username: options.username }),
        ...(options.password === undefined ? {} : { password: options.password }),
      },
      {
        delivered: (delivery) => this.delivered(delivery),
        released: (messageId) => options.onReleased?.(messageId),
        online: (accepted) => this.online(accepted),
        offline: (reason, suspect) => this.offline(reason, suspect),
        refused: (code, reason) => this.refused(code, reason),
      },
    );
    this.publishing = new Publishing(this.wire);
    this.subscriptions = new Subscriptions(this.wire);
  }

  connected(withinMs: number): Promise<void> {
    return this.first.pass(withinMs, (cause) => {
      const why = cause === undefined ? 'it did not answer' : cause.message;
      return new BrokerError('unreachable', `no MQTT broker at ${withoutSecrets(this.options.url)}: ${why}`, { cause });
    });
  }

  /** Waits for the first connection no more. */
  giveUp(): void {
    this.first.fail(new BrokerError('closed', 'the link was closed before the broker was there'));
  }

  async subscribe(subscriptions: readonly Subscription[]): Promise<void> {
    if (this.closing !== undefined) throw new BrokerError('closed', 'cannot subscribe: the link is closed');
    await this.subscriptions.add(subscriptions, this.isOnline);
  }

  async unsubscribe(filters: readonly string[]): Promise<void> {
    if (this.closing !== undefined) throw new BrokerError('closed', 'cannot unsubscribe: the link is closed');
    await this.subscriptions.remove(filters, this.isOnline);
  }

  publish(message: Parameters<BrokerLink['publish']>[0]): Promise<void> {
    if (this.closing !== undefined) {
      return Promise.reject(new BrokerError('closed', 'cannot publish: the link is closed'));
    }
    return this.publishing.publish(message);
  }

  close(): Promise<void> {
    this.closing ??= this.finish();
    return this.closing;
  }

  private async finish(): Promise<void> {
    this.subscriptions.close();
    if (this.isOnline) await within(LINK_LIMITS.closeMs, this.publishing.whenIdle());
    this.flush();
    // A polite end waits for every answer, however long: only when none is owed.
    const force = !this.isOnline || this.publishing.unacknowledged > 0;
    this.publishing.close();
    await within(LINK_LIMITS.closeMs, this.wire.end(force));
  }

  private delivered(delivery: Delivery): Promise<void> | void {
    const { topic, payload, qos, retain, dup, messageId, chain } = delivery;
    return this.onMessage({
      topic,
      payload,
      qos,
      retain,
      dup,
      chain,
      receivedAtMs: this.now(),
      packet: messageId === undefined ? undefined : { id: messageId, connection: delivery.connection },
      acknowledge:
        messageId === undefined || qos === 0 ? nothing : this.acknowledger(messageId, qos, delivery.connection),
    });
  }

  private acknowledger(messageId: number, qos: 1 | 2, connection: object): () => void {
    if (this.connection !== connection) {
      this.connection = connection;
      this.unacknowledged = new Acknowledgements();
    }
    const of = this.unacknowledged;
    const entry = of.take(messageId, qos);
    return () => {
      entry.done = true;
      if (this.flushing || of !== this.unacknowledged) return;
      this.flushing = true;
      // After everything that one read of the socket, or one commit, brings.
      setImmediate(() => this.flush());
    };
  }

  private flush(): void {
    this.flushing = false;
    const messages = this.unacknowledged.release();
    if (messages.length > 0 && this.connection !== undefined) this.wire.acknowledge(this.connection, messages);
  }

  private online(accepted: Accepted): void {
    this.isOnline = true;
    this.wasOnline = true;
    this.first.open();
    this.subscriptions.online(accepted.sessionPresent);
    this.publishing.online(accepted);
    const { protocolVersion, sessionPresent } = accepted;
    this.options.onState?.({ kind: 'online', protocolVersion, sessionPresent });
  }

  private offline(reason: Error | undefined, suspect: number | undefined): void {
    const wasOnline = this.isOnline;
    this.isOnline = false;
    this.publishing.offline(suspect);
    if (reason !== undefined) this.unreachable(reason);
    if (wasOnline && this.closing === undefined) {
      this.options.onState?.({ kind: 'offline', reason: reason?.message ?? 'the connection ended' });
    }
  }

  private refused(code: number, reason: Error): void {
    if (this.protocolVersion === 5 && UNSUPPORTED_VERSION.has(code)) {
      this.first.fail(new UnsupportedVersion('connection-refused', reason.message, { cause: reason }));
    } else if (HOPELESS.has(code)) {
      this.first.fail(
        new BrokerError(
          'connection-refused',
          `the broker at ${withoutSecrets(this.options.url)} answered: ${reason.message}`,
          {
            cause: reason,
          },
        ),
      );
    } else this.unreachable(reason);
  }

  private unreachable(cause: Error): void {
    this.first.note(cause);
    // Of several addresses that all failed, the error has a code alone.
    const reason = cause.message === '' && 'code' in cause ? String(cause.code) : cause.message;
    if (this.wasOnline || this.closing !== undefined || reason === this.toldReason) return;
    this.toldReason = reason;
    this.options.onState?.({ kind: 'unreachable', reason });
  }
}

function nothing(): void {}

/** Waits for work, but not longer than that. */
async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const bound = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work.then(nothing, nothing), bound]);
  clearTimeout(timer);
}
