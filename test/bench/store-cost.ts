/** What an event's way through the store takes: received, its run over with a write and a message, the message sent. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openStore, type Store } from '../../hub/store/index.js';
import type { Row } from './row.js';
import { median } from './statistics.js';

const BATCHES = [1, 20, 100];
const EVENTS = 20_000;
/** Syncs that are waited for, one after the other: each is a batch's. */
const SYNCED_BATCHES = 100;

const PAYLOAD = Buffer.from('{"seq":1234,"temperature":21.37,"humidity":48.2}');

export async function storeCost(): Promise<Row[]> {
  const directory = await mkdtemp(path.join(tmpdir(), 'sterna-bench-store-'));
  const store = openStore(path.join(directory, 'state.db'));
  try {
    const rows: Row[] = [];
    let single: number | undefined;
    for (const batch of BATCHES) {
      const us = await visible(store, batch);
      single ??= us;
      const measure = `store: an event's way, ${batch} together`;
      rows.push({ measure, value: `${us.toFixed(1)} us`, ...(batch === 1 ? {} : { ratio: us / single }) });
      rows.push({ measure: `${measure}, until it is on disk`, value: `${(await onDisk(store, batch)).toFixed(1)} us` });
    }
    return rows;
  } finally {
    await store.close();
    await rm(directory, { recursive: true });
  }
}

/** Microseconds for each event, with nothing waiting for the disk: the median of transactions. */
async function visible(store: Store, batch: number): Promise<number> {
  const timesUs: number[] = [];
  for (let done = 0; done < EVENTS; done += batch) {
    while (store.paused !== undefined) await store.paused;
    const startedAt = performance.now();
    pass(store, batch);
    timesUs.push(((performance.now() - startedAt) * 1000) / batch);
    if (timesUs.length % 64 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return median(timesUs);
}

/** Microseconds for each event, when each batch is synced before the next. */
async function onDisk(store: Store, batch: number): Promise<number> {
  const startedAt = performance.now();
  for (let i = 0; i < SYNCED_BATCHES; i++) {
    pass(store, batch);
    await store.durable();
  }
  return ((performance.now() - startedAt) * 1000) / (SYNCED_BATCHES * batch);
}

/** As under load: the runs of a turn end in the one after, with the events of the next; here both are one batch. */
function pass(store: Store, batch: number): void {
  const group = store.nextInboxId();
  const events = Array.from({ length: batch }, (_, i) => ({
    id: `event-${group}-${i}`,
    topic: `bench/1/d${i}/in`,
    payload: PAYLOAD,
    qos: 1 as const,
    retain: false,
    arrivedAtMs: 1,
    clockMs: 1,
    runs: [{ task: 'relay', seed: i }],
  }));
  store.commit([], { received: { id: group, events } });
  const changes = events.map(({ id }, run) => ({
    reads: [],
    writes: [{ bucket: 'task/relay/default', key: `d${run}`, value: PAYLOAD }],
    messages: [
      {
        topic: `bench/1/d${run}/out`,
        payload: PAYLOAD,
        qos: 1 as const,
        retain: false,
        origin: { id: `${id}/relay/0`, source: 'relay', timeMs: 1 },
      },
    ],
    ends: { group, run },
  }));
  const { outbox } = store.commit(changes);
  if (outbox !== undefined) store.commit([], { sent: [outbox.id] });
}
