/** What `sterna watch` says, for people who need not know how a run moves: pure. */
import type { MigrationView, Note, Whereabouts } from '../api/index.js';
import { fuelText, printable } from '../report/index.js';

const WHY_WIDTH = 240;

/** What is new; of a run that is over, with its moves. */
export function linesOn(before: Whereabouts | undefined, { run, isOver, migration }: Whereabouts): readonly string[] {
  const lines: string[] = [];
  if (migration === null && before === undefined) lines.push(`${run} executes here, and has not moved`);
  if (migration !== null) {
    const { provider, notes } = migration;
    for (const note of newNotes(before?.migration?.notes ?? [], notes)) lines.push(noteLine(note, provider));
    const then = before?.migration ? standing(before.migration) : '';
    const now = standing(migration);
    if (!isOver && now !== then) lines.push(`${now}; fuel ${fuelText(migration.fuel)}`);
    if (isOver) lines.push(...wayLines(notes, provider));
  }
  if (isOver) lines.push(`${run} is over: sterna run ${run}`);
  return lines;
}

/** The hub keeps the latest ones only. */
function newNotes(before: readonly Note[], now: readonly Note[]): readonly Note[] {
  const last = JSON.stringify(before.at(-1));
  return now.slice(now.findLastIndex((note) => JSON.stringify(note) === last) + 1);
}

/** Where it executes and how far it is, what becomes of it without the link, and what it is called in the protocol. */
function standing(view: MigrationView): string {
  const { epoch, mode, why } = view;
  const because = why === '' ? '' : ` (${printable(why, WHY_WIDTH)})`;
  return `${placeOf(view)}; ${withoutLink(view)}${because}; epoch ${epoch}, ${mode}`;
}

function placeOf({ executes, provider, point, lag, isLinked }: MigrationView): string {
  if (executes === 'provider') {
    const link = isLinked ? '' : ', which is not heard';
    return `executes at ${provider}${link} (this hub holds point ${point})`;
  }
  if (!isLinked) return `executes here, without a link with ${provider} (point ${point})`;
  if (lag === 0) return `executes here (point ${point}, which ${provider} holds too)`;
  return `executes here (point ${point}, ${lag} ahead of what ${provider} holds)`;
}

function withoutLink({ responsible, provider, isLinked }: MigrationView): string {
  const when = isLinked ? 'if the link is lost' : 'until the link is back';
  if (responsible === undefined) return `${when}, the hub waits: it is being handed over`;
  return `${when}, ${responsible === 'hub' ? 'this hub' : provider} goes on`;
}

/** Its moves, from the first that is still known. */
function wayLines(notes: readonly Note[], provider: string): readonly string[] {
  const moves = notes.filter(({ what }) => MOVES.has(what));
  if (moves.length === 0) return ['it did not move'];
  return ['its moves:', ...moves.map((note) => `  ${noteLine(note, provider)} (point ${note.point})`)];
}

const MOVES: ReadonlySet<Note['what']> = new Set(['there', 'here', 'kept-here']);

function noteLine({ atMs, what, why }: Note, provider: string): string {
  return `${new Date(atMs).toISOString()} ${TOLD[what](provider)}${why === '' ? '' : `: ${printable(why, WHY_WIDTH)}`}`;
}

const TOLD: Readonly<Record<Note['what'], (provider: string) => string>> = {
  asked: () => 'it was asked to move',
  there: (provider) => `it executes at ${provider}`,
  here: () => 'it executes here',
  'link-lost': (provider) => `the link with ${provider} was lost`,
  linked: (provider) => `there is a link with ${provider}`,
  stalls: (provider) => `it comes no further at ${provider}`,
  outlives: () => 'its version is not in force any more',
  'kept-here': () => 'the hub keeps it for itself',
  over: () => 'it has ended',
};
