/** The summary at the end: a table, and sentences that say what it means. Pure. */
import type { Paint } from './paint.js';
import { bytesText, durationText, fuelText } from './quantity.js';
import { textTable } from './table.js';
import type { Tally, TaskTally } from './tally.js';

/** Outcomes by which the hub stopped a run, rather than the guest ending it. */
const STOPPED: ReadonlySet<string> = new Set([
  'trapped',
  'out-of-fuel',
  'out-of-memory',
  'deadline',
  'output-limit',
  'denied',
]);

const HEADER = [
  'task',
  'events',
  'runs',
  'completed',
  'other outcomes',
  'fuel',
  'per run',
  'memory',
  'p50',
  'p99',
  'published',
];

export function summaryLines(tally: Tally, paint: Paint): string[] {
  const { tasks } = tally;
  const rows = tasks.map(rowOf);
  if (tasks.length > 1) rows.push(totals(tasks));
  const [header = '', rule = '', ...body] = textTable(HEADER, rows);
  return ['', paint.strong(header), paint.quiet(rule), ...body, '', ...sentences(tally)];
}

function rowOf(task: TaskTally): string[] {
  const [p50, p99] = [task.runMs.quantile(0.5), task.runMs.quantile(0.99)];
  return [
    task.name,
    String(task.events),
    String(task.runs),
    String(task.outcomes.get('completed') ?? 0),
    others([task]),
    fuelText(task.fuel),
    task.runs === 0 ? '-' : fuelText(Math.round(task.fuel / task.runs)),
    task.runs === 0 ? '-' : bytesText(task.peakMemoryBytes),
    p50 === undefined ? '-' : durationText(p50),
    p99 === undefined ? '-' : durationText(p99),
    String(task.published),
  ];
}

function totals(tasks: readonly TaskTally[]): string[] {
  const sum = (of: (task: TaskTally) => number): number => tasks.reduce((total, task) => total + of(task), 0);
  const [fuel, runs] = [sum((task) => task.fuel), sum((task) => task.runs)];
  return [
    'all',
    String(sum((task) => task.events)),
    String(runs),
    String(sum((task) => task.outcomes.get('completed') ?? 0)),
    others(tasks),
    fuelText(fuel),
    runs === 0 ? '-' : fuelText(Math.round(fuel / runs)),
    bytesText(Math.max(0, ...tasks.map((task) => task.peakMemoryBytes))),
    '',
    '',
    String(sum((task) => task.published)),
  ];
}

function others(tasks: readonly TaskTally[]): string {
  const counts = new Map<string, number>();
  for (const { outcomes } of tasks) {
    for (const [kind, count] of outcomes) if (kind !== 'completed') counts.set(kind, (counts.get(kind) ?? 0) + count);
  }
  return counts.size === 0 ? '-' : [...counts].map(([kind, count]) => `${count} ${kind}`).join(', ');
}

function sentences(tally: Tally): string[] {
  const came = tally.received === 1 ? '1 message' : `${tally.received} messages`;
  const lines = [`${came} came; from a message's arrival to its committed run: ${arrival(tally)}.`];
  for (const [reason, count] of tally.refused) lines.push(`${count} were turned away: ${reason}.`);
  if (tally.held > 0) lines.push(`${tally.held} had to wait at the broker until there was room.`);
  if (tally.pauses > 0) lines.push(`Reading from the broker was paused ${times(tally.pauses)}, for want of room.`);
  for (const { name, dropped } of tally.tasks) {
    if (dropped.size === 0) continue;
    const reasons = [...dropped].map(([reason, count]) => `${count} ${reason}`).join(', ');
    lines.push(`Events that '${name}' was not run for: ${reasons}.`);
  }
  for (const { name, retried, buried, quarantined } of tally.tasks) {
    if (retried > 0) lines.push(`Attempts of '${name}' that failed and were made again: ${retried}.`);
    if (buried > 0)
      lines.push(`Runs of '${name}' that were given up, and are dead letters of this hub now: ${buried}.`);
    if (quarantined > 0) lines.push(`'${name}' was quarantined ${times(quarantined)}.`);
  }
  const stopped = tally.tasks.filter((task) => stops(task) > 0);
  for (const task of stopped) {
    const kinds = [...task.outcomes.keys()].filter((kind) => STOPPED.has(kind)).join(', ');
    const who = isRogue(task) ? 'The rogue task' : 'The task';
    lines.push(
      `${who} '${task.name}' was stopped ${times(stops(task))} (${kinds}); nothing of those runs took effect.`,
    );
  }
  const others = tally.tasks.filter((task) => !stopped.includes(task) && task.runs > 0);
  if (stopped.length > 0 && others.length > 0) {
    const runs = others.reduce((total, task) => total + task.runs, 0);
    const completed = others.reduce((total, task) => total + (task.outcomes.get('completed') ?? 0), 0);
    lines.push(`The others went on: ${completed} of their ${runs} runs completed.`);
  }
  return lines;
}

function arrival({ totalMs }: Tally): string {
  const [p50, p99] = [totalMs.quantile(0.5), totalMs.quantile(0.99)];
  return p50 === undefined || p99 === undefined ? 'no run' : `p50 ${durationText(p50)}, p99 ${durationText(p99)}`;
}

function stops({ outcomes }: TaskTally): number {
  let count = 0;
  for (const [kind, times] of outcomes) if (STOPPED.has(kind)) count += times;
  return count;
}

/** The tasks that misbehave on purpose are woken by topics of their own. */
function isRogue({ filters }: TaskTally): boolean {
  return filters.length > 0 && filters.every((filter) => filter.startsWith('rogue/'));
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}
