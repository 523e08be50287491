/** A provider with real parts, in this process. */
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { KnownHubs } from '../../provider/identity/known-hubs.js';
import { DEFAULT_POLICY, type ProviderPolicy } from '../../provider/policy.js';
import { newSigningKey, type JoinToken } from '../../provider/protocol/index.js';
import { createProvider, type Provider } from '../../provider/provider.js';
import type { ProviderObservation } from '../../provider/provider-options.js';
import { listen } from '../../provider/websocket-server.js';
import { createRuntime, type Runtime, type RuntimeOptions } from '../../runtime/index.js';

export interface ProviderUnderTest {
  readonly provider: Provider;
  readonly port: number;
  readonly dataDir: string;
  readonly seen: ProviderObservation[];
  readonly hubs: KnownHubs;
  /** Lets one hub more in. @param forMs Default: an hour. */
  invite(forMs?: number): Promise<JoinToken>;
  close(): Promise<void>;
}

export interface ProviderTestOptions {
  readonly policy?: Partial<ProviderPolicy>;
  readonly startRuntime?: (options: RuntimeOptions) => Promise<Runtime>;
  readonly dataDir?: string;
  readonly threads?: number;
  readonly device?: string;
  readonly times?: { readonly helloMs: number; readonly heartbeatMs: number; readonly leaseMs: number };
  /** Where an earlier one of the same key listened. */
  readonly port?: number;
  readonly key?: ReturnType<typeof newSigningKey>;
  readonly stubs?: 'disk' | 'memory';
}

/** On loopback without TLS; it is closed when the test ends. */
export async function providerUnderTest(t: Test, options: ProviderTestOptions = {}): Promise<ProviderUnderTest> {
  const dataDir = options.dataDir ?? join(t.testdir({}), 'provider');
  mkdirSync(dataDir, { recursive: true });
  const { key = newSigningKey(), threads = 2, startRuntime = createRuntime, times, stubs = 'disk' } = options;
  const hubs = await KnownHubs.open(dataDir);
  const seen: ProviderObservation[] = [];
  const provider = await createProvider({
    dataDir,
    threads,
    startRuntime,
    key,
    hubs,
    name: 'under-test',
    device: options.device,
    policy: { ...DEFAULT_POLICY, ...options.policy },
    stubs,
    observe: (observation) => seen.push(observation),
    clock: Date.now,
    nowMs: () => performance.now(),
    ...(times === undefined ? {} : { times }),
  });
  const { port = 0 } = options;
  const listener = await listen({ host: '127.0.0.1', port, tls: undefined, connections: 64 }, provider);
  let closed: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    await listener.close();
    await provider.close();
  };
  const under: ProviderUnderTest = {
    provider,
    port: listener.port,
    dataDir,
    seen,
    hubs,
    invite: async (forMs = 3_600_000) => {
      const secret = randomBytes(32);
      const fromMs = Date.now();
      await hubs.invitations.add(secret, { fromMs, untilMs: fromMs + forMs });
      return { url: `ws://127.0.0.1:${listener.port}`, key: key.publicKey, certificate: undefined, secret };
    },
    close: () => (closed ??= close()),
  };
  t.teardown(() => under.close());
  return under;
}
