/**
 * What it costs to lose nothing: events at QoS 1 through Mosquitto, against a
 * handler that keeps nothing and one with a transaction for each; how late
 * answers are at half the load; the store by itself; and a start on a backlog.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { mosquittoMissing, startMosquitto } from '../fixtures/mosquitto.js';
import { answering, bareHandler, committingHandler, ended, hubWithRelay, turn, type Contender } from './contender.js';
import { Load } from './load.js';
import { buildRelay } from './relay.js';
import type { Row } from './row.js';
import { median, quantile } from './statistics.js';
import { startUp } from './start-up.js';
import { storeCost } from './store-cost.js';

const ROUNDS = 5;
const EVENTS = 25_000;
/** A transaction and a sync for each take long. */
const COMMITTED_EVENTS = 2_000;
/** As in `end-to-end.ts`. */
const WINDOW = 400;
/**
 * Messages that Mosquitto lets be unacknowledged at once: its default, and one that lets the hub write many events in one
 * transaction. With 20, an event's share of a transaction and of a sync is what bounds the hub.
 */
const BROKER_WINDOWS = [20, 500];
/** How long the load at half the rate goes on. */
const HALF_LOAD_SECONDS = 10;

export async function durable(): Promise<Row[]> {
  const missing = mosquittoMissing();
  const rows: Row[] = missing === false ? [] : [{ measure: 'durable: not measured', value: missing }];
  if (missing === false) for (const window of BROKER_WINDOWS) rows.push(...(await throughMosquitto(window)));
  return [...rows, ...(await storeCost()), ...(await startUp())];
}

async function throughMosquitto(brokerWindow: number): Promise<Row[]> {
  await buildRelay();
  const data = await mkdtemp(path.join(tmpdir(), 'sterna-bench-durable-'));
  const broker = await startMosquitto([`max_inflight_messages ${brokerWindow}`]);
  const bare = bareHandler(broker.url);
  const committing = committingHandler(broker.url, path.join(data, 'events.db'));
  const hub = hubWithRelay(broker.url, path.join(data, 'hub'));
  const contenders = [bare, committing, hub];
  const load = await Load.connect(broker.port);
  try {
    for (const each of contenders) await answering(load, each);
    const rates = new Map<Contender, number[]>(contenders.map((each) => [each, []]));
    for (let round = 0; round <= ROUNDS; round++) {
      for (const each of contenders) {
        const events = each === committing ? COMMITTED_EVENTS : EVENTS;
        const { eventsPerSecond } = await turn(load, each, { qos: 1, events, window: WINDOW });
        // The first round is to warm up.
        if (round > 0) rates.get(each)?.push(eventsPerSecond);
      }
    }
    const rateOf = (each: Contender): number => median(rates.get(each) ?? []);
    const rows = [
      ...rateRows(rateOf(hub), rateOf(bare), rateOf(committing)),
      ...(await halfLoad(load, hub, rateOf(hub))),
    ];
    return rows.map((row) => ({ ...row, measure: `durable, window ${brokerWindow}: ${row.measure}` }));
  } finally {
    load.close();
    for (const { program } of contenders) await ended(program);
    await broker.close();
    await rm(data, { recursive: true });
  }
}

function rateRows(hub: number, bare: number, committing: number): Row[] {
  return [
    {
      measure: 'rate, hub / handler that keeps nothing',
      value: `${hub.toFixed(0)} / ${bare.toFixed(0)} per s`,
      ratio: hub / bare,
      aim: { least: 0.4 },
    },
    {
      measure: 'rate, hub / one commit per event',
      value: `${hub.toFixed(0)} / ${committing.toFixed(0)} per s`,
      ratio: hub / committing,
    },
  ];
}

async function halfLoad(load: Load, { root }: Contender, rate: number): Promise<Row[]> {
  const perSecond = Math.floor(rate / 2);
  const events = perSecond * HALF_LOAD_SECONDS;
  const { latenciesMs, lost } = await load.runAt({ root, qos: 1, events, perSecond });
  if (lost > 0) throw new Error(`of ${events} events at QoS 1, ${lost} were lost at ${perSecond} per s`);
  const [p50, p99] = [quantile(latenciesMs, 0.5), quantile(latenciesMs, 0.99)];
  return [
    { measure: `latency at ${perSecond} per s, half the rate: p50`, value: `${p50.toFixed(2)} ms` },
    {
      measure: `latency at ${perSecond} per s: p99, and against the aim of 50 ms`,
      value: `${p99.toFixed(2)} ms`,
      ratio: p99 / 50,
      aim: { most: 1 },
    },
  ];
}
