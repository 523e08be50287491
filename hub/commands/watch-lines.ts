/** What `sterna watch` says, for people who need not know how a run moves: pure, but for what was said before. */
import type { MigrationView, Note, Whereabouts } from '../api/index.js';
import { fuelText } from '../report/index.js';
import { momentText, movesTable, noteText, placeText, responsibleText, whyText } from './run-words.js';

/** Between two rows of which only the work is new. */
const PROGRESS_MS = 2_000;

export class WatchLines {
  #before: Whereabouts | undefined;
  /** What was said of a run that does not move. */
  #place = '';
  #standing = '';
  #rowAtMs = -Infinity;
  #why = '';

  /** What is new. @param nowMs milliseconds since 1970 (UTC). */
  next(now: Whereabouts, nowMs: number): readonly string[] {
    const before = this.#before?.migration ?? undefined;
    this.#before = now;
    const { run, isOver, migration } = now;
    if (migration === null) return this.#unmoved(now, nowMs);
    const { notes, provider } = migration;
    const lines = newNotes(before?.notes ?? [], notes).map(
      (note) => `${momentText(note.atMs)}   ${noteText(note, provider)}`,
    );
    if (isOver) lines.push('', ...movesTable(notes, provider), '');
    // It moves no more, and is told of like any other.
    else if (notes.at(-1)?.what === 'kept-here') lines.push(...this.#unmoved(now, nowMs));
    else lines.push(...this.#rows(before, migration, nowMs));
    return this.#place === '' && before === undefined ? [`${run}, between this hub and ${provider}`, ...lines] : lines;
  }

  #unmoved({ run, current, migration }: Whereabouts, nowMs: number): readonly string[] {
    const place = current === null ? this.#place : placeText(current);
    if (place === this.#place) return [];
    this.#place = place;
    return [`${momentText(nowMs)}   ${run} ${place}${migration === null ? '; it has not moved' : ''}`];
  }

  #rows(before: MigrationView | undefined, view: MigrationView, nowMs: number): readonly string[] {
    const { provider, why, responsible, point, lag } = view;
    const standing = standingOf(view);
    const isOnlyWork = standing === this.#standing;
    const isNew = point !== before?.point || lag !== before.lag;
    if (isOnlyWork && (!isNew || nowMs - this.#rowAtMs < PROGRESS_MS)) return [];
    const rows = this.#standing === '' ? ['', rowText(TITLES, provider)] : [];
    this.#standing = standing;
    this.#rowAtMs = nowMs;
    rows.push(rowText(cellsOf(view, nowMs), provider));
    // The figures in it are others at each point.
    const reason = `${responsible ?? ''} ${why.replaceAll(/[\d.]+/g, '')}`;
    if (why !== '' && reason !== this.#why) rows.push(`${' '.repeat(BEHIND_TIME)}as ${whyText(why)}`);
    this.#why = reason;
    return rows;
  }
}

/** The hub keeps the latest ones only. */
function newNotes(before: readonly Note[], now: readonly Note[]): readonly Note[] {
  const last = JSON.stringify(before.at(-1));
  return now.slice(now.findLastIndex((note) => JSON.stringify(note) === last) + 1);
}

/** How things stand, but for how far it is. */
function standingOf({ executes, isExecuting, isLinked, epoch, mode, responsible }: MigrationView): string {
  // With a link, one that does not execute waits for its turn only.
  return JSON.stringify([executes, isLinked, isLinked || isExecuting, epoch, mode, responsible]);
}

const TITLES = ['time', 'executes', 'epoch', 'point', 'lag', 'mode', 'fuel', 'without the link'];
const GAP = '   ';
const BEHIND_TIME = momentText(0).length + GAP.length;

function cellsOf(view: MigrationView, nowMs: number): readonly string[] {
  const { executes, isExecuting, isLinked, epoch, point, lag, mode, fuel, responsible, provider } = view;
  const there = `at ${provider}${isLinked ? '' : ', not heard'}`;
  const here = isExecuting ? 'here' : 'here, waits';
  return [
    momentText(nowMs),
    executes === 'provider' ? there : here,
    String(epoch),
    String(point),
    // How far a provider is ahead of its last point that came, nobody knows here.
    executes === 'provider' ? '-' : String(lag),
    mode,
    fuelText(fuel),
    responsibleText(responsible, provider),
  ];
}

/** A row of a table whose other rows are not known yet. */
function rowText(cells: readonly string[], provider: string): string {
  const [time = '', place = '', epoch = '', point = '', lag = '', mode = '', fuel = '', without = ''] = cells;
  return [
    time.padEnd(momentText(0).length),
    place.padEnd(`at ${provider}, not heard`.length),
    epoch.padStart(5),
    point.padStart(5),
    lag.padStart(3),
    mode.padEnd('asynchronous'.length),
    fuel.padStart(6),
    without,
  ]
    .join(GAP)
    .trimEnd();
}
