import { createHash } from 'node:crypto';
import {
  PROTOCOL_BOUNDS,
  ProtocolError,
  type HubMessage,
  type ProtocolErrorCode,
  type ProviderMessage,
} from '../../provider/protocol/index.js';

type Challenge = Extract<ProviderMessage, { type: 'challenge' }>;
type Wanted = Extract<ProviderMessage, { type: 'wanted' }>;

export interface ComponentUploadsParts {
  /** The file of a component, as it was deployed. @throws Error when it is not there any more. */
  readonly component: (digest: string) => Promise<Uint8Array>;
  readonly send: (message: Extract<HubMessage, { type: 'proofs' | 'chunk' }>) => void;
  /** A component is not what was deployed: the session cannot go on. */
  readonly broken: (code: ProtocolErrorCode, message: string) => void;
}

/** A component on its way: pieces that are acknowledged, and those that are not. */
interface Upload {
  readonly bytes: Uint8Array;
  sent: number;
  stored: number;
  /** All of it is there, or none of it is wanted any more. */
  readonly over: () => void;
}

/** What a provider asks of the components of its configuration: to prove that they are here, and to have them. Each once. */
export class ComponentUploads {
  readonly #parts: ComponentUploadsParts;
  readonly #uploads = new Map<string, Upload>();
  readonly #asked = new Set<'challenge' | 'wanted'>();
  /** The configuration of now; undefined for none. */
  #config: number | undefined;
  #digests: ReadonlySet<string> = new Set();
  /** Bytes that were sent. */
  bytes = 0;

  constructor(parts: ComponentUploadsParts) {
    this.#parts = parts;
  }

  /** Another configuration counts from now on; of the one before nothing more is sent. */
  begin(config: number, digests: ReadonlySet<string>): void {
    this.end();
    this.#config = config;
    this.#digests = digests;
    this.#asked.clear();
  }

  /** Nothing more is sent. */
  end(): void {
    this.#config = undefined;
    for (const { over } of this.#uploads.values()) over();
    this.#uploads.clear();
  }

  /** @throws ProtocolError when the provider may not ask that. */
  challenged(challenge: Challenge): void {
    if (this.#mayAsk(challenge, challenge.digests)) void this.#prove(challenge);
  }

  /** @throws ProtocolError when the provider may not ask that. */
  wanted(wanted: Wanted): void {
    const digests = wanted.components.map(({ digest }) => digest);
    if (this.#mayAsk(wanted, digests)) void this.#upload(wanted);
  }

  /** The provider has so much of a component. */
  stored(digest: string, bytes: number): void {
    const upload = this.#uploads.get(digest);
    if (upload === undefined) return;
    upload.stored = bytes;
    if (bytes < upload.bytes.length) return this.#sendPieces(digest, upload);
    this.#uploads.delete(digest);
    upload.over();
  }

  /**
   * Whether a question is about the configuration of now.
   * @throws ProtocolError when it was asked before, or is about what the hub has but the provider is not to have.
   */
  #mayAsk({ type, config }: Pick<Challenge | Wanted, 'type' | 'config'>, digests: readonly string[]): boolean {
    if (config !== this.#config) return false;
    const other = digests.find((digest) => !this.#digests.has(digest));
    if (other !== undefined) {
      const message = `The provider asks for the component ${other}, which is not of its configuration`;
      throw new ProtocolError('out-of-turn', message);
    }
    if (this.#asked.has(type)) throw new ProtocolError('out-of-turn', `The provider sent ${type} twice`);
    this.#asked.add(type);
    return true;
  }

  async #prove({ config, nonce, digests }: Challenge): Promise<void> {
    const proofs = [];
    for (const digest of digests) {
      const bytes = await this.#componentOf(digest);
      if (bytes === undefined || config !== this.#config) return;
      proofs.push({ digest, proof: createHash('sha256').update(nonce).update(bytes).digest() });
    }
    if (config === this.#config) this.#parts.send({ type: 'proofs', config, proofs });
  }

  async #upload({ config, components }: Wanted): Promise<void> {
    for (const { digest, offset } of components) {
      const bytes = await this.#componentOf(digest);
      if (bytes === undefined || config !== this.#config) return;
      // One after the other: the bound on pieces is for all together.
      await this.#uploaded(digest, bytes, offset);
    }
  }

  /** @returns undefined after ending the session, when the file is not what was deployed. */
  async #componentOf(digest: string): Promise<Uint8Array | undefined> {
    const { component, broken } = this.#parts;
    try {
      const bytes = await component(digest);
      const found = createHash('sha256').update(bytes).digest('hex');
      if (found === digest) return bytes;
      broken('digest', `the component ${digest} has the sha256 ${found} on disk: it was changed`);
    } catch (error) {
      broken('internal', `a component cannot be read: ${error instanceof Error ? error.message : String(error)}`);
    }
    return undefined;
  }

  #uploaded(digest: string, bytes: Uint8Array, offset: number): Promise<void> {
    return new Promise((over) => {
      if (offset >= bytes.length) return over();
      const upload = { bytes, sent: offset, stored: offset, over };
      this.#uploads.set(digest, upload);
      this.#sendPieces(digest, upload);
    });
  }

  #sendPieces(digest: string, upload: Upload): void {
    const { chunkBytes, chunksAhead } = PROTOCOL_BOUNDS;
    while (upload.sent < upload.bytes.length && upload.sent - upload.stored < chunksAhead * chunkBytes) {
      const bytes = upload.bytes.subarray(upload.sent, upload.sent + chunkBytes);
      this.#parts.send({ type: 'chunk', digest, offset: upload.sent, bytes });
      upload.sent += bytes.length;
      this.bytes += bytes.length;
    }
  }
}
