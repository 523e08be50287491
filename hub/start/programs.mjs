/** The programs that `npm start` runs, and what a signal does to them. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { createInterface } from 'node:readline';
import { MAIN, ROOT } from './places.mjs';

/** A failure that is explained already: no stack. */
export class Plain extends Error {}

/** For the hub to finish its runs; it bounds itself below that. */
const STOP_MS = 30_000;

/** A step of the preparation that takes longer is stuck: an installation over a slow line is the longest. */
const STEP_MS = 1_800_000;

/** For a step to end by itself when it is told to stop: npm, while it unpacks, does not listen. */
const GRACE_MS = 3_000;

const running = new Set();
/** When each has ended and its output has been read. */
const closings = new WeakMap();
let stopped = false;
let whenStopped = () => {};

/** The first signal stops in order, the second one at once. */
export function heedSignals() {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      if (stopped) process.exit(128 + constants.signals[signal]);
      stopped = true;
      whenStopped(signal);
    });
  }
  // Whatever ends this program, it leaves no child behind.
  process.on('exit', endAll);
}

/** Ends every program at once. */
export function endAll() {
  for (const child of running) child.kill('SIGKILL');
}

/** Whether a signal has come. */
export function stopping() {
  return stopped;
}

/** What the first signal does from now on. */
export function onStop(act) {
  whenStopped = act;
  if (stopped) act('SIGINT');
}

/** Runs a program to its end. @throws Plain if it fails or is stopped. */
export async function run(command, args, what) {
  const shell = command === 'npm' && process.platform === 'win32';
  const options = { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'], shell, timeout: STEP_MS };
  const child = track(spawn(command, args, options));
  onStop((signal) => {
    child.kill(signal);
    setTimeout(() => child.kill('SIGKILL'), GRACE_MS).unref();
  });
  const [code, signal] = await new Promise((resolve, reject) => {
    child.once('error', (error) => reject(new Plain(`${what} could not start: ${error.message}`)));
    child.once('exit', (...end) => resolve(end));
  });
  if (stopped) throw new Plain(`stopped during ${what}; it is done again the next time`);
  if (code !== 0) throw new Plain(`${what} failed (${signal ?? `exit code ${code}`}); what went wrong is above`);
}

/** A command of sterna, in a process group of its own: Ctrl-C reaches this program only, which stops them in order. */
export function launch(args, stdio) {
  const coloured = process.stdout.isTTY && !process.env.NO_COLOR;
  const env = coloured ? { ...process.env, FORCE_COLOR: '1' } : process.env;
  return track(spawn(process.execPath, [MAIN, ...args], { cwd: ROOT, stdio, env, detached: true }));
}

/** Passes lines on, and keeps the first ones. */
export function echo(from, to, heed) {
  const lines = [];
  createInterface({ input: from }).on('line', (line) => {
    if (lines.length < 100) lines.push(line);
    to.write(`${line}\n`);
    heed(line);
  });
  return lines;
}

/** Waits until a child has ended and all it wrote has been read; ends it if that takes too long. */
export async function ended(child, mostMs = STOP_MS) {
  const timer = setTimeout(() => child.kill('SIGKILL'), mostMs);
  await closings.get(child);
  clearTimeout(timer);
}

function track(child) {
  running.add(child);
  closings.set(child, new Promise((resolve) => child.once('close', resolve)));
  child.once('exit', () => running.delete(child));
  return child;
}
