/** `sterna provider`: runs a provider, or makes what it needs. */
import { randomBytes } from 'node:crypto';
import { availableParallelism, hostname } from 'node:os';
import { createRuntime } from '../runtime/index.js';
import { certificateDigest, makeIdentity, readIdentity, type ProviderIdentity } from './identity/identity.js';
import { KnownHubs } from './identity/known-hubs.js';
import { PacedLines } from './paced-lines.js';
import { DEFAULT_POLICY, PROVIDER_BOUNDS } from './policy.js';
import { SHA256_BYTES, writeJoinToken, writeSigningKey } from './protocol/index.js';
import { createProvider } from './provider.js';
import type { ProviderObservation } from './provider-options.js';
import { listen } from './websocket-server.js';
import { hubText, momentText, noProvider, refuse, shown, shownId, type Output } from './words.js';

interface ProviderAddress {
  readonly host: string;
  readonly port: number;
}

export interface ProviderInitOptions {
  readonly data: string;
  /** Where hubs will find it. */
  readonly address: ProviderAddress;
  /** Without TLS, which loopback alone may do. */
  readonly insecureLoopback: boolean;
  readonly validMs: number;
}

/** `sterna provider init`: makes keys and a certificate, and prints a join token. */
export async function providerInitCommand(options: ProviderInitOptions, out: Output): Promise<number> {
  const { data, address, insecureLoopback, validMs } = options;
  if (insecureLoopback && !isLoopback(address.host)) return refuse('--insecure-loopback is for loopback only');
  const url = `${insecureLoopback ? 'ws' : 'wss'}://${urlHost(address.host)}:${address.port}`;
  const identity = await makeIdentity({ dataDir: data, url, nowMs: Date.now(), validMs });
  return invite(data, identity, { forMs: PROVIDER_BOUNDS.invitationMs, out });
}

export interface ProviderInviteOptions {
  readonly data: string;
  /** How long the token is good; undefined for the usual time. */
  readonly forMs: number | undefined;
}

/** `sterna provider invite`: prints a join token for one hub more. */
export async function providerInviteCommand({ data, forMs }: ProviderInviteOptions, out: Output): Promise<number> {
  const { invitationMs, mostInvitationMs } = PROVIDER_BOUNDS;
  const identity = await readIdentity(data);
  if (identity === undefined) return refuse(noProvider(data));
  if (forMs !== undefined && forMs > mostInvitationMs) {
    return refuse(`a join token must be good for at most ${mostInvitationMs / 86_400_000} days`);
  }
  return invite(data, identity, { forMs: forMs ?? invitationMs, out });
}

export interface ProviderCommandOptions {
  readonly data: string;
  readonly listen: ProviderAddress;
  readonly insecureLoopback: boolean;
  readonly threads: number | undefined;
  /** See `ProviderOptions.device`. */
  readonly device: string | undefined;
  readonly stubs: 'disk' | 'memory';
  readonly stopped: Promise<unknown>;
}

/** `sterna provider`: serves hubs until it is told to stop. Answers with the exit code. */
export async function providerCommand(options: ProviderCommandOptions, out: Output): Promise<number> {
  const { data, insecureLoopback } = options;
  const identity = await readIdentity(data);
  if (identity === undefined) return refuse(noProvider(data));
  if (insecureLoopback && !isLoopback(options.listen.host)) return refuse('--insecure-loopback is for loopback only');
  const nowMs = (): number => performance.now();
  const lines = new PacedLines((line) => out.write(`${line}\n`), nowMs);
  const provider = await createProvider({
    dataDir: data,
    threads: options.threads ?? availableParallelism(),
    startRuntime: createRuntime,
    key: identity.key,
    hubs: await KnownHubs.open(data),
    name: hostname(),
    device: options.device,
    policy: DEFAULT_POLICY,
    stubs: options.stubs,
    observe: (observation) => lines.say(observation.kind, lineFor(observation)),
    clock: Date.now,
    nowMs,
  });
  const tls = insecureLoopback ? undefined : { key: writeSigningKey(identity.key), cert: identity.certificate };
  try {
    const listener = await listen({ ...options.listen, tls, connections: DEFAULT_POLICY.connections }, provider);
    out.write(`provider: listening on ${urlHost(options.listen.host)}:${listener.port}\n`);
    await options.stopped;
    await provider.close();
    await listener.close();
    return 0;
  } catch (error) {
    await provider.close();
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

/** Prints a join token alone, for programs, and beside it how long it is good. */
async function invite(
  data: string,
  { key, certificate, url }: ProviderIdentity,
  { forMs, out }: { readonly forMs: number; readonly out: Output },
): Promise<number> {
  const secret = randomBytes(SHA256_BYTES);
  const { invitations } = await KnownHubs.open(data);
  const fromMs = Date.now();
  await invitations.add(secret, { fromMs, untilMs: fromMs + forMs });
  const digest = url.startsWith('wss:') ? certificateDigest(certificate) : undefined;
  out.write(`${writeJoinToken({ url, key: key.publicKey, certificate: digest, secret })}\n`);
  process.stderr.write(`sterna provider: it lets one hub join, until ${momentText(fromMs + forMs)}\n`);
  return 0;
}

function lineFor(observation: ProviderObservation): string {
  switch (observation.kind) {
    case 'session-began':
      return `session: ${hubText(observation)} from ${observation.remote}`;
    case 'session-ended':
      return `ended: ${hubText(observation)}, ${observation.code}: ${shown(observation.message)}`;
    case 'run-given-up':
      return `given up: ${shown(observation.id)} (${shownId(observation.hub)}), ${shown(observation.message)}`;
    case 'hub-forgotten':
      return `forgotten: ${shownId(observation.hub)}`;
    case 'refused':
      return `refused: ${observation.remote}, ${observation.code}: ${shown(observation.message)}`;
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

function urlHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
