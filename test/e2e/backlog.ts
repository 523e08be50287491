/** What a hub finds that was away: events that an earlier one has acknowledged and not run. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openStore, type StoredEvent } from '../../hub/store/index.js';

export interface Backlog {
  readonly events: number;
  /** They come from each in turn, on `in/d0`, `in/d1` and so on. */
  readonly devices: number;
  /** What they wake. */
  readonly task: string;
  /** Received in one turn of the event loop: a row each. */
  readonly together: number;
}

/** Writes one to a data directory, created if need be. */
export async function leaveBacklog(dataDir: string, { events, devices, task, together }: Backlog): Promise<void> {
  await mkdir(dataDir, { recursive: true });
  const store = openStore(join(dataDir, 'state.db'));
  const atMs = Date.now();
  const eventOf = (n: number): StoredEvent => ({
    id: `old-${n}`,
    topic: `in/d${n % devices}`,
    payload: Buffer.from(`event-${n}`),
    qos: 1,
    retain: false,
    arrivedAtMs: atMs,
    clockMs: atMs,
    runs: [{ task, seed: n }],
  });
  for (let from = 0; from < events; from += together) {
    while (store.paused !== undefined) await store.paused;
    const count = Math.min(together, events - from);
    const group = Array.from({ length: count }, (_, i) => eventOf(from + i));
    store.commit([], { received: { id: store.nextInboxId(), events: group } });
    // The log is copied by a thread, which answers in a turn of its own.
    if ((from / together) % 64 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await store.close();
}
