/** Where runs are and what becomes of them, in words: pure. */
import type { CurrentRun, Note } from '../api/index.js';
import { durationText, printable, textTable } from '../report/index.js';

const WHY_WIDTH = 240;
const WAITS_WIDTH = 300;

/** Milliseconds since 1970 (UTC), to the second. */
export function momentText(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19)}Z`;
}

/** Where a run that goes on is. */
export function placeText({ where, provider, moving, waitsFor, reason }: CurrentRun): string {
  if (waitsFor !== undefined) return `waits: ${printable(waitsFor, WAITS_WIDTH)}`;
  if (where === 'provider') {
    const how = moving === undefined ? ' as a whole' : moving.isLinked ? '' : ', which is not heard';
    return `${PLACES[where]} at ${provider ?? 'a provider'}${how}`;
  }
  return reason === undefined ? PLACES[where] : `${PLACES[where]} (${reason})`;
}

const PLACES: Readonly<Record<CurrentRun['where'], string>> = {
  thread: 'executes',
  'own-thread': 'executes on a thread of its own',
  waiting: 'waits for a thread',
  process: 'executes in a process of its own',
  memory: 'parked in memory',
  disk: 'parked on disk',
  provider: 'executes',
};

/** Who goes on with a run that moves while there is no link, or would if it were lost. */
export function responsibleText(responsible: 'hub' | 'provider' | undefined, provider: string): string {
  if (responsible === undefined) return 'nobody yet: it is being agreed';
  return `${responsible === 'hub' ? 'this hub' : provider} goes on`;
}

/** One thing that happened on the way of a run. */
export function noteText({ what, to, why }: Note, provider: string): string {
  const told = what === 'asked' && to === 'hub' ? 'it was asked to come home' : TOLD[what](provider);
  return `${told}${why === '' || why === told ? '' : `: ${whyText(why)}`}`;
}

export function whyText(why: string): string {
  return printable(why, WHY_WIDTH);
}

const TOLD: Readonly<Record<Note['what'], (provider: string) => string>> = {
  asked: (provider) => `it was asked to move to ${provider}`,
  there: (provider) => `it executes at ${provider}`,
  here: () => 'it executes here',
  'link-lost': (provider) => `the link with ${provider} was lost`,
  linked: (provider) => `there is a link with ${provider}`,
  stalls: (provider) => `it comes no further at ${provider}`,
  outlives: () => 'its version is not in force any more',
  'kept-here': () => 'the hub keeps it for itself',
  over: () => 'it has ended',
};

/** Its moves, from the first that is still known: where to, for how long, and why. */
export function movesTable(notes: readonly Note[], provider: string): readonly string[] {
  const moves = notes.filter(({ what }) => MOVES.has(what));
  if (moves.length === 0) return ['it did not move'];
  const rows = moves.map((move, i) => {
    const { what, atMs, epoch, point } = move;
    const next = moves[i + 1] ?? notes.find((note) => note.what === 'over');
    const stayed = next === undefined ? '-' : durationText(Math.max(0, next.atMs - atMs));
    return [
      momentText(atMs),
      what === 'there' ? provider : 'here',
      String(epoch),
      String(point),
      stayed,
      whyText(reasonOf(move, notes)),
    ];
  });
  return textTable(['moved', 'to', 'epoch', 'point', 'for', 'why'], rows);
}

/** Of a move that somebody asked for, why they did: that it was handed over goes without saying. */
function reasonOf(move: Note, notes: readonly Note[]): string {
  const before = notes.slice(0, notes.indexOf(move)).findLast(({ what }) => what === 'asked' || MOVES.has(what));
  const side = move.what === 'there' ? 'provider' : 'hub';
  return before?.what === 'asked' && before.to === side ? before.why : move.why;
}

const MOVES: ReadonlySet<Note['what']> = new Set(['there', 'here', 'kept-here']);
