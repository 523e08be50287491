/** Shows a hub and a simulated home at work, until a signal or the time is up. */
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from './free-port.mjs';
import { GUESTS, PREPARED, ROGUE } from './places.mjs';
import { echo, ended, launch, onStop, Plain, stopping } from './programs.mjs';

/** Preparing the tasks' components takes seconds the first time: the long ones, that can stand still, most of it. */
const READY_MS = 120_000;
const PORT_ATTEMPTS = 3;

/** Runs the hub and the home. Answers with the exit code. */
export async function show(flags) {
  const data = mkdtempSync(join(tmpdir(), 'sterna-'));
  try {
    introduce(flags);
    keepPrepared(data);
    const { hub, url } = await startHub(data);
    if (stopping()) {
      await stop(hub, undefined);
      return 130;
    }
    return await playHome(hub, url, flags);
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
}

/** What this hub prepares is there for the next one. */
function keepPrepared(data) {
  mkdirSync(PREPARED, { recursive: true });
  symlinkSync(PREPARED, join(data, 'components'), 'junction');
}

function introduce(flags) {
  const rooms = Number(flags.rooms);
  say(
    [
      '',
      `A simulated home of ${rooms} ${rooms === 1 ? 'room' : 'rooms'} publishes to an MQTT broker on this machine, ${flags.speed} times faster than life.`,
      'The hub wakes a sandboxed WebAssembly task for each message; what the task publishes goes back to the home.',
      `One task, '${ROGUE}', loops for ever on purpose: watch it be stopped each time, while the others go on.`,
      flags.for === undefined
        ? 'Ctrl-C stops it and shows a summary.'
        : `It ends by itself after ${flags.for}, with a summary.`,
      '',
    ].join('\n'),
  );
}

async function startHub(data) {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    const args = ['--tasks', GUESTS, '--tasks', join(GUESTS, 'rogue', ROGUE), '--listen', `127.0.0.1:${port}`];
    const hub = launch(['hub', ...args, '--data', data, '--report', 'lines'], ['ignore', 'pipe', 'pipe']);
    const complaints = echo(hub.stderr, process.stderr, () => {});
    const ready = await readiness(hub);
    if (ready) return { hub, url: `mqtt://127.0.0.1:${port}` };
    if (stopping()) return { hub, url: '' };
    const taken = complaints.some((line) => line.includes('another program listens there'));
    if (!taken || attempt === PORT_ATTEMPTS) throw new Plain('the hub did not start; what it said is above');
  }
}

/** Whether the hub said that it waits for events, before it ended. */
async function readiness(hub) {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      hub.kill('SIGKILL');
      resolve(false);
    }, READY_MS);
    const settle = (ready) => {
      clearTimeout(timer);
      resolve(ready);
    };
    onStop(() => settle(false));
    hub.once('exit', () => settle(false));
    echo(hub.stdout, process.stdout, (line) => {
      if (line.startsWith('ready: ')) settle(true);
    });
  });
}

const NEXT = `What next: see a running task move to another machine and back (npm run demo:migrate), write a task of your own
("A first task in five minutes" in README.md), or let these tasks listen to a broker that you have:
node dist/hub/main.js hub --tasks guest-tasks --broker mqtt://HOST`;

async function playHome(hub, url, { for: time, rooms, speed, seed }) {
  const args = ['--broker', url, '--seed', seed, '--speed', speed, '--rooms', rooms, '--poke', ROGUE];
  const sim = launch(['sim', ...args, ...(time === undefined ? [] : ['--for', time])], ['ignore', 'pipe', 'inherit']);
  const report = [];
  createInterface({ input: sim.stdout }).on('line', (line) => report.push(line));
  onStop(() => sim.kill('SIGINT'));
  const hubLost = once(hub, 'exit').then(() => 'hub');
  const first = await Promise.race([hubLost, once(sim, 'exit').then(() => 'home')]);
  if (first === 'hub' && !stopping()) {
    sim.kill('SIGKILL');
    throw new Plain('the hub ended unexpectedly; what it said is above');
  }
  const code = await stop(hub, sim);
  say(`\n${report.join('\n')}\n`);
  if (code !== 0) return code;
  if (sim.exitCode !== 0) throw new Plain('the simulated home failed; what it said is above');
  say(NEXT);
  return 0;
}

/** Stops the home first, so that the hub answers all it has heard. Answers with the hub's exit code. */
async function stop(hub, sim) {
  if (sim !== undefined) await ended(sim);
  hub.kill('SIGINT');
  await ended(hub);
  return hub.exitCode ?? 1;
}

function say(text) {
  process.stdout.write(`${text}\n`);
}
