/** What the store keeps of some runs of the inbox, each in a table of its own. */
import type { RunTableShape } from './run-table.js';
import type { Row } from './sqlite.js';
import type { BegunVersion, StoredMove, StoredPoint, StoredRetry } from './store.js';

const VERSIONS = 'LEFT JOIN begun_versions USING (fits)';

/** Runs that go again, or are to. */
export const RETRIES: RunTableShape<StoredRetry> = {
  name: 'retries',
  columns: ['attempt', 'due_at_ms', 'executions'],
  values: ({ attempt, dueAtMs, executions }) => [attempt, dueAtMs, executions],
  of: (row, place) => ({
    place,
    attempt: Number(row['attempt']),
    dueAtMs: Number(row['due_at_ms']),
    executions: Number(row['executions']),
  }),
};

/** Points of execution that runs have come to. */
export const POINTS: RunTableShape<StoredPoint> = {
  name: 'run_points',
  joined: VERSIONS,
  columns: ['attempt', 'digest', 'fuel', 'at_ms', 'fits', 'by_hand', 'base'],
  values: ({ attempt, digest, fuel, atMs, fits, byHand, base }) => {
    return [attempt, digest, fuel, atMs, fits, byHand ? 1 : 0, base ?? null];
  },
  of: (row, place) => ({
    place,
    attempt: Number(row['attempt']),
    digest: String(row['digest']),
    fuel: Number(row['fuel']),
    atMs: Number(row['at_ms']),
    fits: String(row['fits']),
    version: versionIn(row),
    byHand: Number(row['by_hand']) === 1,
    base: textIn(row['base']),
  }),
};

/** Runs that move between this hub and a provider. */
export const MOVES: RunTableShape<StoredMove> = {
  name: 'moving_runs',
  joined: VERSIONS,
  columns: ['attempt', 'id', 'provider', 'fits', 'anchor', 'difference', 'stub'],
  values: ({ attempt, id, provider, fits, anchor, difference, stub }) => {
    return [attempt, id, provider, fits, anchor ?? null, difference ?? null, stub];
  },
  of: (row, place) => ({
    place,
    attempt: Number(row['attempt']),
    id: String(row['id']),
    provider: String(row['provider']),
    fits: String(row['fits']),
    version: versionIn(row),
    anchor: textIn(row['anchor']),
    difference: textIn(row['difference']),
    stub: String(row['stub']),
  }),
};

function versionIn({ component: digest, toml }: Row): BegunVersion | undefined {
  return typeof digest === 'string' && typeof toml === 'string' ? { digest, toml } : undefined;
}

function textIn(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
