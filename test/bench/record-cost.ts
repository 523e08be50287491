/** What keeping a record of each run adds to the store's work for an event. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { recordOf } from '../../hub/records/recorder.js';
import type { PendingRun } from '../../hub/pending-run.js';
import { openStore, type StateChange, type Store } from '../../hub/store/index.js';
import type { Effect, RunResult } from '../../runtime/index.js';
import { STORE_BOUNDS } from '../../hub/store/limits.js';
import { compare, type Work } from './interleaved.js';
import type { Row } from './row.js';

/** Events of one measured call. */
const EVENTS = 400;

const PAYLOAD = Buffer.from(
  '{"battery":87,"humidity":41.2,"linkquality":120,"temperature":20.4,"last_seen":"2026-11-21T12:00:00Z"}',
);
const VALUE = Buffer.from('{"count":1042,"mean":20.38,"m2":12.5,"last":20.4}');
const COMMAND = Buffer.from('{"state":"ON"}');

export async function recordCost(): Promise<Row[]> {
  const dir = await mkdtemp(path.join(tmpdir(), 'sterna-bench-'));
  const plain = openStore(path.join(await mkdtemp(path.join(dir, 'plain-')), 'state.db'));
  const records = { ...STORE_BOUNDS.records, bytes: 32 * 1024 * 1024 };
  const recording = openStore(path.join(await mkdtemp(path.join(dir, 'recording-')), 'state.db'), { records });
  try {
    const rows: Row[] = [];
    for (const each of [1, 20]) {
      const { plainMs, meteredMs } = await compare(
        'the store',
        () => written(plain, each, false),
        () => written(recording, each, true),
      );
      const us = (ms: number): string => ((ms * 1000) / EVENTS).toFixed(1);
      rows.push({
        measure: `records: an event's transaction, ${each} in one, without and with a record`,
        value: `${us(plainMs)} / ${us(meteredMs)} us`,
        ratio: meteredMs / plainMs,
        aim: { most: 1.25 },
      });
    }
    return rows;
  } finally {
    await plain.close();
    await recording.close();
    await rm(dir, { recursive: true });
  }
}

let events = 0;

async function written(store: Store, each: number, records: boolean): Promise<ReturnType<Work>> {
  for (let done = 0; done < EVENTS; done += each) {
    if (store.paused !== undefined) await store.paused;
    const group = store.nextInboxId();
    const runs = Array.from({ length: each }, (_, i) => pendingRun(group, i));
    const received = {
      id: group,
      events: runs.map(({ event, clockMs, seed }) => ({ ...event, clockMs, runs: [{ task: 'anomaly', seed }] })),
    };
    const deliveries = runs.map((_, i) => ({ packetId: i + 1, fingerprint: i }));
    const changes = runs.map((run) => changeOf(run, records));
    const { outbox } = store.commit(changes, { received, deliveries, atMs: Date.now() });
    if (outbox !== undefined) store.commit([], { sent: [outbox.id] });
  }
  return EVENTS;
}

const MANIFEST = {
  name: 'anomaly',
  version: '1.0.0',
  subjects: 'verbatim',
  isolation: 'event',
  limits: {},
  grants: {},
  config: {},
};
const TASK = { manifest: MANIFEST, installed: { digest: 'd'.repeat(64) } } as unknown as PendingRun['task'];

function pendingRun(group: number, run: number): PendingRun {
  const id = `mwr7wlcw-01cbc86194-${(events++).toString(36)}`;
  const arrivedAtMs = Date.now();
  const captures = { room: 'bath' };
  const event = {
    id,
    topic: 'zigbee2mqtt/bath/climate',
    payload: PAYLOAD,
    qos: 1,
    retain: false,
    arrivedAtMs,
    captures,
  } as const;
  const place = { group, run };
  return {
    runId: `${id}/anomaly`,
    task: TASK,
    event,
    attempt: 1,
    clockMs: arrivedAtMs,
    seed: 2 ** 52,
    place,
  } as unknown as PendingRun;
}

function changeOf(run: PendingRun, records: boolean): StateChange {
  const key = `bath ${run.event.arrivedAtMs % 50}`;
  const message = { topic: 'anomaly/bath', payload: COMMAND, qos: 1, retain: false } as const;
  const origin = { id: `${run.runId}/0`, source: 'anomaly', timeMs: run.event.arrivedAtMs };
  const change: StateChange = {
    reads: [],
    writes: [{ bucket: 'anomaly/default', key, value: VALUE }],
    messages: [{ ...message, origin }],
    ends: run.place,
  };
  if (!records) return change;
  const effects: Effect[] = [
    { kind: 'publish', ...message },
    { kind: 'set', bucket: 'anomaly/default', key, value: VALUE },
  ];
  const result: RunResult = {
    runId: run.runId,
    outcome: { kind: 'completed' },
    effects,
    reads: [{ bucket: 'anomaly/default', key, version: 7, value: VALUE }],
    log: [],
    droppedLogLines: 0,
    usage: { fuel: 31_817, peakMemoryBytes: 65_536, wallMs: 0.05, hostMs: 0, outputBytes: 80, logBytes: 0 },
  };
  return { ...change, record: recordOf(run, result, result.outcome) };
}
