/** The way of a run that moves, for people: pure. */
import type { MigrationStatus } from '../../provider/protocol/migration/index.js';
import type { Side } from '../../provider/protocol/responsibility/index.js';
import { MIGRATION_BOUNDS } from './limits.js';

/** One thing that happened on the way of a run. */
export interface Note {
  /** Milliseconds since 1970 (UTC). */
  readonly atMs: number;
  readonly what:
    /** Somebody wants it elsewhere, or the hub does. */
    | 'asked'
    /** From now on it executes at the provider. */
    | 'there'
    /** From now on it executes here. */
    | 'here'
    | 'link-lost'
    | 'linked'
    /** It comes to no point there, though there is a link. */
    | 'stalls'
    /** Another version of its task is in force, or none. */
    | 'outlives'
    /** The hub keeps it for itself from now on. */
    | 'kept-here'
    | 'over';
  readonly epoch: number;
  readonly point: number;
  /** Where it was asked to go. */
  readonly to?: Side;
  /** In a sentence. */
  readonly why: string;
}

type Seen = Pick<MigrationStatus, 'executes' | 'epoch' | 'point' | 'isLinked' | 'why'>;

/** What a change of how things stand is worth telling. */
export function notesOn(before: Seen, now: Seen, atMs: number): readonly Note[] {
  const { epoch, point, why } = now;
  const at = { atMs, epoch, point };
  const notes: Note[] = [];
  if (now.isLinked !== before.isLinked) {
    notes.push(
      now.isLinked
        ? { ...at, what: 'linked', why: 'the provider is heard, and takes the task' }
        : { ...at, what: 'link-lost', why: 'the provider is not heard, or takes the task no more' },
    );
  }
  if (epoch !== before.epoch) notes.push({ ...at, what: now.executes === 'hub' ? 'here' : 'there', why });
  return notes;
}

/** With what is new at the end; of many, the latest. */
export function withNotes(notes: readonly Note[], more: readonly Note[]): readonly Note[] {
  return [...notes, ...more].slice(-MIGRATION_BOUNDS.notes);
}
