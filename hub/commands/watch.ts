import { whereaboutsOf, type MigrationView, type Note, type Whereabouts } from '../api/index.js';
import { fuelText, printable } from '../report/index.js';
import { asking, printJson, type AskOptions, type Output } from './asking.js';

export interface WatchOptions extends AskOptions {
  /** Resolves after a moment. */
  readonly moment: () => Promise<void>;
}

const WHY_WIDTH = 200;

/** `sterna watch RUN`: where a run is, one line for each change, until it is over. */
export function watchCommand(runId: string, options: WatchOptions, out: Output): Promise<number> {
  return asking(options, async (client) => {
    let before: Whereabouts | undefined;
    for (;;) {
      const now = whereaboutsOf(await client.get(`/v1/current-runs/${encodeURIComponent(runId)}/migration`));
      if (options.json && JSON.stringify(now) !== JSON.stringify(before)) printJson(out, now);
      if (!options.json) for (const line of linesOn(before, now)) out.write(`${line}\n`);
      if (now.isOver) return 0;
      before = now;
      await options.moment();
    }
  });
}

/** What is new. */
function linesOn(before: Whereabouts | undefined, { run, isOver, migration }: Whereabouts): readonly string[] {
  const lines: string[] = [];
  if (migration === null && before === undefined) lines.push(`${run} executes here, and has not moved`);
  if (migration !== null) {
    for (const note of newNotes(before?.migration?.notes ?? [], migration.notes)) {
      lines.push(noteLine(note, migration.provider));
    }
    const [then, now] = [before?.migration, migration].map((view) => (view ? standing(view) : ''));
    if (now !== undefined && now !== then) lines.push(`${now}, fuel ${fuelText(migration.fuel)}`);
  }
  if (isOver) lines.push(`${run} is over: sterna run ${run}`);
  return lines;
}

/** The hub keeps the latest ones only. */
function newNotes(before: readonly Note[], now: readonly Note[]): readonly Note[] {
  const last = JSON.stringify(before.at(-1));
  return now.slice(now.findLastIndex((note) => JSON.stringify(note) === last) + 1);
}

function standing({ executes, provider, epoch, point, mode, lag, responsible, why, isLinked }: MigrationView): string {
  const where = executes === 'hub' ? 'here' : `at ${provider}`;
  const who = responsible === undefined ? 'nobody' : responsible === 'hub' ? 'the hub' : provider;
  const link = isLinked ? '' : ', no link';
  const reason = why === '' ? '' : ` (${printable(why, WHY_WIDTH)})`;
  return `${where}: epoch ${epoch}, point ${point}, ${mode}, ${lag} behind${link}; responsible: ${who}${reason}`;
}

function noteLine({ atMs, what, why }: Note, provider: string): string {
  return `${new Date(atMs).toISOString()} ${TOLD[what](provider)}${why === '' ? '' : `: ${printable(why, WHY_WIDTH)}`}`;
}

const TOLD: Readonly<Record<Note['what'], (provider: string) => string>> = {
  asked: () => 'it was asked to move',
  there: (provider) => `it executes at ${provider}`,
  here: () => 'it executes here',
  'link-lost': (provider) => `the link with ${provider} was lost`,
  linked: (provider) => `there is a link with ${provider}`,
  'kept-here': () => 'the hub keeps it for itself',
  over: () => 'it has ended',
};
