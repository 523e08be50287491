/** A hub whose long run has begun, and a peer that it may move to. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { Terms } from '../../../provider/protocol/migration/index.js';
import { until } from '../../runtime/eventually.js';
import { longToml, realHub, type RealHub } from '../parking/real-hub.js';
import { PEER } from './peer-links.js';
import { Peer } from './peer.js';

/** Turns of the loop: a second on a machine that has nothing else to do. */
const TURNS = '400000000';

const TASKS = { long: longToml('long', '', 'every = "100 ms"\n') };

/** What it publishes when it is over, and the fuel it takes, wherever it executes. */
export interface End {
  readonly outcome: string;
  readonly fuel: number;
  readonly said: readonly string[];
}

export interface Scene {
  readonly hub: RealHub;
  readonly peer: Peer;
  readonly run: string;
}

/** Where the first hub of a test file has prepared the component: no other does it again. */
let prepared: string | undefined;

function folder(t: Test): string {
  const dir = t.testdir({});
  if (prepared === undefined) return dir;
  for (const place of [join('data', 'components'), 'peer']) cpSync(prepared, join(dir, place), { recursive: true });
  return dir;
}

/** @param turns of its loop. */
export async function scene(t: Test, terms?: Partial<Terms>, turns = TURNS): Promise<Scene> {
  const dir = folder(t);
  const peer = await Peer.start(t, dir);
  const hub = await realHub(t, { tasks: TASKS, dir, placement: peer.placement(terms) });
  hub.send('long/turn/a', turns);
  await until('it has a thread', 30_000, () => hub.hub.currentRuns.list()[0]?.where === 'thread');
  return { hub, peer, run: hub.runOf('long') };
}

/** The same, with the run at the peer. */
export async function sceneThere(t: Test, terms?: Partial<Terms>, turns?: string): Promise<Scene> {
  const all = await scene(t, terms, turns);
  const { hub, run } = all;
  t.same(await hub.hub.migrations.migrate(run, PEER, 'by hand'), { ok: true });
  await executes(hub, run, 'provider');
  return all;
}

export async function executes(hub: RealHub, run: string, where: 'hub' | 'provider'): Promise<void> {
  await until(`it executes at the ${where}`, 20_000, () => hub.hub.migrations.of(run)?.executes === where);
}

/** Of the run that is over. */
export async function endOf(hub: RealHub, outcome = 'completed'): Promise<End> {
  await hub.tells(`long ${outcome}`, 100_000);
  const [over] = hub.seen.filter((one) => one.kind === 'run-finished');
  if (outcome === 'completed') await until('it is published', 10_000, () => hub.link.published.length > 0);
  const said = hub.link.published.map(({ topic, payload }) => `${topic} ${Buffer.from(payload).toString()}`);
  return { outcome, fuel: over?.usage.fuel ?? 0, said };
}

/** What a run comes to that does not move. */
export async function undisturbed(t: Test): Promise<End> {
  const hub = await realHub(t, { tasks: TASKS, dir: folder(t) });
  hub.send('long/turn/a', TURNS);
  const end = await endOf(hub);
  prepared = mkdtempSync(join(tmpdir(), 'sterna-prepared-'));
  const dir = prepared;
  cpSync(join(hub.dir, 'data', 'components'), dir, { recursive: true });
  process.once('exit', () => rmSync(dir, { recursive: true }));
  return end;
}
