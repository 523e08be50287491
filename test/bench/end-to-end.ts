/**
 * Events through Mosquitto, answered by a bare mqtt.js program and by the hub
 * with a task that does the same: by turns, on one broker, in one run.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { mosquittoMissing, startMosquitto } from '../fixtures/mosquitto.js';
import { answering, bareHandler, ended, hubWithRelay, turn, type Contender, type Turn } from './contender.js';
import { Load } from './load.js';
import { buildRelay } from './relay.js';
import type { Row } from './row.js';
import { median } from './statistics.js';

const ROUNDS = 5;
const EVENTS = { 0: 50_000, 1: 25_000 } as const;
const EVENTS_ALONE = 1_000;
const WARM_UP_EVENTS = 5_000;

/** Enough to keep everybody busy, few enough that no queue on the way overflows. */
const WINDOW = 400;

export async function endToEnd(): Promise<Row[]> {
  const missing = mosquittoMissing();
  if (missing !== false) return [{ measure: 'end to end: not measured', value: missing }];
  await buildRelay();
  const data = await mkdtemp(path.join(tmpdir(), 'sterna-bench-hub-'));
  const broker = await startMosquitto();
  const contenders = { bare: bareHandler(broker.url), hub: hubWithRelay(broker.url, data) };
  const load = await Load.connect(broker.port);
  try {
    for (const each of Object.values(contenders)) await answering(load, each);
    return [...(await compare(load, contenders, 0)), ...(await compare(load, contenders, 1))];
  } finally {
    load.close();
    for (const { program } of Object.values(contenders)) await ended(program);
    await broker.close();
    await rm(data, { recursive: true });
  }
}

async function compare(load: Load, contenders: { bare: Contender; hub: Contender }, qos: 0 | 1): Promise<Row[]> {
  const turns: { bare: Turn[]; hub: Turn[] } = { bare: [], hub: [] };
  for (const each of Object.values(contenders)) await turn(load, each, { qos, events: WARM_UP_EVENTS, window: WINDOW });
  const alone: { bare: Turn[]; hub: Turn[] } = { bare: [], hub: [] };
  for (let round = 0; round < ROUNDS; round++) {
    for (const name of ['bare', 'hub'] as const) {
      turns[name].push(await turn(load, contenders[name], { qos, events: EVENTS[qos], window: WINDOW }));
      alone[name].push(await turn(load, contenders[name], { qos, events: EVENTS_ALONE, window: 1 }));
    }
  }
  const latencyMs = { bare: 1000 / median(alone.bare.map(rateOf)), hub: 1000 / median(alone.hub.map(rateOf)) };
  const rate = { bare: median(turns.bare.map(rateOf)), hub: median(turns.hub.map(rateOf)) };
  const cpu = { bare: median(turns.bare.map(cpuOf)), hub: median(turns.hub.map(cpuOf)) };
  // What the issue asks for is at QoS 0.
  const aims = qos === 0 ? { rate: { aim: { least: 0.7 } }, cpu: { aim: { most: 2.5 } } } : { rate: {}, cpu: {} };
  return [
    {
      measure: `end to end, QoS ${qos}: rate, hub / bare`,
      value: `${rate.hub.toFixed(0)} / ${rate.bare.toFixed(0)} per s`,
      ratio: rate.hub / rate.bare,
      ...aims.rate,
    },
    {
      measure: `end to end, QoS ${qos}: CPU per 1,000 events, hub / bare`,
      value: `${cpu.hub.toFixed(1)} / ${cpu.bare.toFixed(1)} ms`,
      ratio: cpu.hub / cpu.bare,
      ...aims.cpu,
    },
    {
      measure: `end to end, QoS ${qos}: one event at a time, hub / bare`,
      value: `${latencyMs.hub.toFixed(2)} / ${latencyMs.bare.toFixed(2)} ms`,
      ratio: latencyMs.hub / latencyMs.bare,
    },
  ];
}

const rateOf = (turn: Turn): number => turn.eventsPerSecond;
const cpuOf = (turn: Turn): number => turn.cpuMsPerThousand;
