/** `sterna provider`: runs a provider, or makes what it needs. */
import { randomBytes } from 'node:crypto';
import { availableParallelism, hostname } from 'node:os';
import { join } from 'node:path';
import { createRuntime } from '../runtime/index.js';
import { certificateDigest, makeIdentity, readIdentity, type ProviderIdentity } from './identity/identity.js';
import { KnownHubs } from './identity/known-hubs.js';
import { DEFAULT_POLICY } from './policy.js';
import { SHA256_BYTES, writeJoinToken, writeSigningKey } from './protocol/index.js';
import { createProvider, type ProviderObservation } from './provider.js';
import { listen } from './websocket-server.js';

interface ProviderAddress {
  readonly host: string;
  readonly port: number;
}

interface Output {
  write(text: string): unknown;
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
  out.write(`${await invitation(data, identity)}\n`);
  return 0;
}

/** `sterna provider invite`: prints a join token for one hub more. */
export async function providerInviteCommand(data: string, out: Output): Promise<number> {
  const identity = await readIdentity(data);
  if (identity === undefined) return refuse(`there is no provider in ${data}: begin with "sterna provider init"`);
  out.write(`${await invitation(data, identity)}\n`);
  return 0;
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
  if (identity === undefined) return refuse(`there is no provider in ${data}: begin with "sterna provider init"`);
  if (insecureLoopback && !isLoopback(options.listen.host)) return refuse('--insecure-loopback is for loopback only');
  const provider = await createProvider({
    dataDir: data,
    threads: options.threads ?? availableParallelism(),
    startRuntime: createRuntime,
    key: identity.key,
    hubs: await KnownHubs.open(hubsFile(data)),
    name: hostname(),
    device: options.device,
    policy: DEFAULT_POLICY,
    stubs: options.stubs,
    observe: (observation) => out.write(`${lineFor(observation)}\n`),
    clock: Date.now,
    nowMs: () => performance.now(),
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

async function invitation(data: string, { key, certificate, url }: ProviderIdentity): Promise<string> {
  const secret = randomBytes(SHA256_BYTES);
  const hubs = await KnownHubs.open(hubsFile(data));
  await hubs.invite(secret);
  const digest = url.startsWith('wss:') ? certificateDigest(certificate) : undefined;
  return writeJoinToken({ url, key: key.publicKey, certificate: digest, secret });
}

function hubsFile(data: string): string {
  return join(data, 'hubs.json');
}

function lineFor(observation: ProviderObservation): string {
  switch (observation.kind) {
    case 'session-began':
      return `session: ${shown(observation.name)} (${observation.hub.slice(0, 12)}) from ${observation.remote}`;
    case 'session-ended':
      return `ended: ${shown(observation.name)} (${observation.hub.slice(0, 12)}), ${observation.code}: ${shown(observation.message)}`;
    case 'run-given-up':
      return `given up: ${shown(observation.id)} (${observation.hub.slice(0, 12)}), ${shown(observation.message)}`;
    case 'refused':
      return `refused: ${observation.remote}, ${observation.code}: ${shown(observation.message)}`;
  }
}

/** What comes from outside, on one line and without what a terminal takes for a command. */
function shown(text: string): string {
  return text.replaceAll(/[^\x20-\x7e\u{a0}-\u{10ffff}]/gu, '?').slice(0, 300);
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

function urlHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

function refuse(message: string): number {
  process.stderr.write(`sterna provider: ${message}\n`);
  return 1;
}
