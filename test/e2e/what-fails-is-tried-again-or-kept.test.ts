/**
 * A hub whose task fails is killed again and again, while runs wait for their
 * next attempt and while dead letters are written and sent back: each event
 * ends once, as completed or as a dead letter. `STERNA_KILLS` and
 * `STERNA_KILL_SEED` ask for more, or for the same again.
 */
import { join } from 'node:path';
import t from 'tap';
import { ApiClient, ApiError } from '../../hub/api/index.js';
import { openStore, type DeadLetter } from '../../hub/store/index.js';
import { mosquittoMissing, startMosquitto } from '../fixtures/mosquitto.js';
import { until } from '../runtime/eventually.js';
import { Device } from './device.js';
import { HubProcess } from './hub-process.js';
import { deployInto } from './task-folders.js';

const KILLS = Number(process.env['STERNA_KILLS'] ?? 20);
const SEED = Number(process.env['STERNA_KILL_SEED'] ?? Date.now() % 1_000_000);
const EVENTS_PER_KILL = 30;
const DEVICES = 5;
/** How long each works before it is killed, at most: three times the first wait for another attempt. */
const WORKING_MS = 300;

t.setTimeout(120_000 + KILLS * 10_000);

t.test(`after ${KILLS} kills each event ended once (seed ${SEED})`, { skip: mosquittoMissing() }, async (t) => {
  const random = randomFrom(SEED);
  const dir = t.testdir({});
  const data = join(dir, 'data');
  await deployInto(join(dir, 'tasks'), ['test/fixtures/guests/flaky']);
  const broker = await startMosquitto();
  t.teardown(() => broker.close());
  const args = ['--tasks', join(dir, 'tasks'), '--data', data, '--broker', broker.url, '--threads', '1'];
  const start = (): Promise<HubProcess> => HubProcess.start(t, [...args, '--api', '127.0.0.1:0', '--report', 'json']);
  const device = await Device.connect(t, broker.url, ['done/+']);
  // Its session with the broker exists from now on: what is published while it is away waits for it.
  await (await start()).killed();

  const sent: string[] = [];
  const arrived: Promise<void>[] = [];
  let redriven = 0;
  const redrive = async (): Promise<void> => {
    try {
      const client = await ApiClient.of(data);
      const answer = await client.post('/v1/dead-letters/redrive?all=true', {});
      redriven += Number((answer as { readonly redriven?: unknown }).redriven ?? 0);
    } catch (error) {
      // It was killed before it answered.
      if (!(error instanceof ApiError || error instanceof TypeError)) throw error;
    }
  };
  for (let kill = 0; kill < KILLS; kill++) {
    const hub = await start();
    const asked: Promise<void>[] = [];
    const dies = new Promise((resolve) => setTimeout(resolve, random() * WORKING_MS));
    for (let i = 0; i < EVENTS_PER_KILL; i++) {
      const kind = random() < 0.3 ? 'poison' : random() < 0.5 ? 'flaky' : 'good';
      const payload = `${kind} ${sent.length}`;
      arrived.push(device.publish(`in/d${sent.length % DEVICES}`, payload));
      sent.push(payload);
      if (random() < 0.1) await new Promise((resolve) => setTimeout(resolve, random() * 30));
      if (random() < 0.2) asked.push(redrive());
    }
    await dies;
    await hub.killed();
    await Promise.all(asked);
  }
  await Promise.all(arrived);

  const last = await start();
  const wanted = sent.filter((payload) => !payload.startsWith('poison'));
  const done = (): Set<string> => new Set(device.texts.map(([topic]) => topic.slice('done/'.length)));
  try {
    await device.hearsUntil('each event that can complete has', 60_000, () => done().size >= wanted.length);
  } catch (error) {
    await last.terminated(20_000);
    const missing = wanted.filter((payload) => !done().has(payload.split(' ')[1] ?? ''));
    const letters = new Set(await lettersOf(join(data, 'state.db')));
    const where = missing.map((payload) => `${payload}${letters.has(payload) ? ', a letter' : ''}`);
    throw new Error(`missing: ${where.join('; ')}`, { cause: error });
  }
  let runs = -1;
  const client = await ApiClient.of(data);
  for (const deadline = Date.now() + 60_000; runs !== 0 && Date.now() < deadline;) {
    runs = Number(((await client.get('/v1/hub')) as { readonly runs?: unknown }).runs);
  }
  t.equal(runs, 0, 'nothing is left to do');
  t.equal(await last.terminated(20_000), 0);
  await until('it has gone', 10_000, () => !last.running);

  t.same(
    [...done()].toSorted(),
    wanted.map((payload) => payload.split(' ')[1] ?? '').toSorted(),
    'those that can completed',
  );
  t.same(
    device.texts.filter(([, count]) => count !== '1'),
    [],
    'each once',
  );
  const letters = lettersOf(join(data, 'state.db'));
  t.same(
    (await letters).toSorted(),
    sent.filter((payload) => payload.startsWith('poison')).toSorted(),
    'each of the others is one dead letter',
  );
  t.comment(`${sent.length} events, ${(await letters).length} letters, ${redriven} sent back, seed ${SEED}`);
});

/** Payloads of all dead letters. */
async function lettersOf(file: string): Promise<string[]> {
  const store = openStore(file);
  try {
    const letters = store.deadLetters({ limit: 10_000 }).map(({ id }) => store.deadLetter(id));
    return letters.map((letter) => (isRun(letter) ? Buffer.from(letter.event.payload).toString() : 'no run'));
  } finally {
    await store.close();
  }
}

function isRun(letter: DeadLetter | undefined): letter is Extract<DeadLetter, { kind: 'run' }> {
  return letter?.kind === 'run';
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
