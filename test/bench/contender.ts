/** Programs that answer the load's events, each on topics of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Load, LoadPlan } from './load.js';
import { processCpuSeconds } from './process-cpu.js';
import { TASKS_FOLDER } from './relay.js';

export interface Contender {
  readonly root: string;
  readonly program: ChildProcess;
}

export interface Turn {
  readonly eventsPerSecond: number;
  readonly cpuMsPerThousand: number;
}

const READY_MS = 60_000;

const MAIN = fileURLToPath(new URL('../../hub/main.js', import.meta.url));
const BARE_HANDLER = fileURLToPath(new URL('./bare-handler.js', import.meta.url));
const COMMITTING_HANDLER = fileURLToPath(new URL('./committing-handler.js', import.meta.url));

/** A handler that keeps nothing. */
export function bareHandler(url: string): Contender {
  return contender('bare', [BARE_HANDLER, url]);
}

/** The same, with a transaction of its own for each event. @param file Where. */
export function committingHandler(url: string, file: string): Contender {
  return contender('committing', [COMMITTING_HANDLER, url, file]);
}

export function hubWithRelay(url: string, data: string): Contender {
  const folders = ['--tasks', TASKS_FOLDER, '--data', data];
  return contender('bench', [MAIN, 'hub', ...folders, '--broker', url, '--report', 'quiet']);
}

/** @throws Error when an event was lost or answered twice. */
export async function turn(load: Load, { root, program }: Contender, work: Omit<LoadPlan, 'root'>): Promise<Turn> {
  const { qos, events } = work;
  const pid = program.pid;
  if (pid === undefined || program.exitCode !== null) throw new Error(`the program that answers ${root}/ has ended`);
  const cpuBefore = processCpuSeconds(pid);
  const { seconds, lost, duplicates } = await load.run({ root, ...work });
  const cpuSeconds = processCpuSeconds(pid) - cpuBefore;
  if (lost > 0 || duplicates > 0) {
    throw new Error(
      `of ${events} events to ${root}/ at QoS ${qos}, ${lost} were lost and ${duplicates} answered twice`,
    );
  }
  return { eventsPerSecond: events / seconds, cpuMsPerThousand: (cpuSeconds * 1_000_000) / events };
}

/** Resolves once the program answers an event. */
export async function answering(load: Load, { root }: Contender): Promise<void> {
  const deadline = performance.now() + READY_MS;
  for (;;) {
    const { lost } = await load.run({ root, qos: 1, events: 1, window: 1 });
    if (lost === 0) return;
    if (performance.now() > deadline) throw new Error(`nobody answers ${root}/ within ${READY_MS} ms`);
  }
}

function contender(root: string, args: readonly string[]): Contender {
  return { root, program: spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] }) };
}

export async function ended(program: ChildProcess): Promise<void> {
  if (program.exitCode !== null || program.signalCode !== null) return;
  const exit = once(program, 'exit');
  program.kill('SIGTERM');
  await exit;
}
