import type { Runtime, RuntimeOptions } from '../runtime/index.js';
import type { KnownHubs } from './identity/known-hubs.js';
import type { ProviderPolicy } from './policy.js';
import type { ProtocolErrorCode, SigningKey } from './protocol/index.js';

export interface ProviderOptions {
  readonly dataDir: string;
  readonly threads: number;
  readonly startRuntime: (options: RuntimeOptions) => Promise<Runtime>;
  readonly key: SigningKey;
  readonly hubs: KnownHubs;
  /** What it is called towards hubs. */
  readonly name: string;
  /** The class of this machine, which applications can prefer; undefined for none. */
  readonly device?: string | undefined;
  readonly policy: ProviderPolicy;
  /** What keeps stubs of runs that move. */
  readonly stubs: 'disk' | 'memory';
  readonly observe: (observation: ProviderObservation) => void;
  /** Milliseconds since 1970 (UTC), and milliseconds on a clock that nobody sets. */
  readonly clock: () => number;
  readonly nowMs: () => number;
  /** Default: `PROTOCOL_TIMES`. */
  readonly times?: { readonly helloMs: number; readonly heartbeatMs: number; readonly leaseMs: number };
}

export type ProviderObservation =
  | { readonly kind: 'session-began'; readonly hub: string; readonly name: string; readonly remote: string }
  | {
      readonly kind: 'session-ended';
      readonly hub: string;
      readonly name: string;
      readonly code: ProtocolErrorCode | 'done';
      readonly message: string;
    }
  /** A run that moved here is not executed any more: its hub goes on with it. */
  | { readonly kind: 'run-given-up'; readonly hub: string; readonly id: string; readonly message: string }
  /** Somebody has forgotten it: nothing of it is here any more. */
  | { readonly kind: 'hub-forgotten'; readonly hub: string }
  | { readonly kind: 'refused'; readonly remote: string; readonly code: string; readonly message: string };
