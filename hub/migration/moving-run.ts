import {
  MigratingRun,
  type MigrationMessage,
  type MigrationStatus,
  type StubRecord,
  type Terms,
} from '../../provider/protocol/migration/index.js';
import { glanceAt, wholeCheckpoint, type RunRequest } from '../../runtime/index.js';
import type { PendingRun } from '../pending-run.js';
import type { Job } from '../scheduler/index.js';
import type { Timer } from '../timer.js';
import type { KeptStubs } from './kept-stubs.js';
import type { Links, Used } from './links.js';
import { MIGRATION_BOUNDS } from './limits.js';
import { notesOn, withNotes, type Note } from './notes.js';
import { Progress } from './progress.js';
import { stallOf } from './stall.js';
import type { StretchHost } from './stretch-host.js';

export interface MovingRunParts {
  readonly job: Job<PendingRun>;
  /** What the hub asked. */
  readonly request: RunRequest;
  readonly provider: string;
  readonly record: StubRecord;
  readonly host: StretchHost;
  readonly stubs: KeptStubs;
  readonly links: Pick<Links, 'isLinked' | 'send' | 'isSending' | 'leaseMs' | 'areSelected' | 'ended' | 'executed'>;
  readonly timer: Timer;
  /** Milliseconds since 1970 (UTC). */
  readonly clock: () => number;
  /** Told of what happened on its way so far, of an earlier hub. */
  readonly notes: readonly Note[];
  /** Told what happens on its way, from now on. */
  readonly told: (note: Note) => void;
  readonly changed: (run: MovingRun) => void;
  /** It comes no further there, and is to be taken back. */
  readonly stalled: (run: MovingRun, why: string) => void;
  /** It cannot go on as one that moves. */
  readonly failed: (run: MovingRun, reason: string) => void;
}

/** The hub's side of one run that moves. */
export class MovingRun {
  readonly job: Job<PendingRun>;
  readonly provider: string;
  readonly id: string;
  readonly host: StretchHost;
  readonly stubs: KeptStubs;
  readonly #parts: MovingRunParts;
  readonly #run: MigratingRun;
  #notes: readonly Note[];
  #seen: MigrationStatus;
  #pointAtMs: number | undefined;
  #times: Pick<Terms, 'pointMs' | 'reclaimMs'>;
  readonly #progress: Progress;
  /** What it had used when it went to the provider; undefined while it executes here. */
  #wentWith: Used | undefined;
  #stopLooking: () => void = () => undefined;
  #isLinked = false;
  #isCancelled = false;
  /** Whether it was told to execute here, and does not yet. */
  #isWantedHome = false;

  constructor(parts: MovingRunParts) {
    const { job, provider, record, host, stubs, links, timer, changed, failed } = parts;
    this.#parts = parts;
    [this.job, this.provider, this.id, this.host, this.stubs] = [job, provider, record.id, host, stubs];
    this.#notes = parts.notes;
    this.#times = record.terms;
    this.#run = new MigratingRun(
      {
        side: 'hub',
        id: record.id,
        task: record.task,
        host,
        stubs,
        channel: {
          send: (message) => this.#isLinked && links.send(provider, message),
          get isSending() {
            return links.isSending(provider, record.id);
          },
        },
        timer,
        leaseMs: links.leaseMs(provider),
        changed: () => {
          this.#look();
          changed(this);
        },
        failed: (reason) => failed(this, reason),
      },
      record,
    );
    this.#seen = this.#run.status;
    if (this.#seen.executes === 'provider') this.#wentWith = this.#used;
    this.#progress = new Progress(this.#seen, timer.nowMs());
    this.look();
    this.#lookLater();
  }

  /** Whether there is a link, whatever the run has dealt with so far. */
  get isLinked(): boolean {
    return this.#isLinked;
  }

  get status(): MigrationStatus {
    return this.#run.status;
  }

  /** Bytes of its last point that is held here: what goes over the link when it moves again. */
  get pointBytes(): number {
    const { anchor, difference } = this.stubs.last.content;
    return difference?.length ?? anchor?.length ?? 0;
  }

  /** How fast what it sent went over the link, in bytes per millisecond; undefined before a large point did. */
  get bytesPerMs(): number | undefined {
    return this.#run.link.bytesPerMs;
  }

  /** When its last point that is known here was: milliseconds since 1970 (UTC); undefined before there is a new one. */
  get pointAtMs(): number | undefined {
    return this.#pointAtMs;
  }

  get notes(): readonly Note[] {
    return this.#notes;
  }

  /** Compares with what is known of the link. */
  look(): void {
    const { links, provider, job } = this.#parts;
    const isLinked = links.isLinked(provider, job.value.task);
    if (isLinked === this.#isLinked) return;
    this.#isLinked = isLinked;
    if (isLinked) this.#run.linked();
    else this.#run.linkLost();
  }

  /** The session is over, even if there is another one at once. */
  lost(): void {
    if (!this.#isLinked) return;
    this.#isLinked = false;
    this.#run.linkLost();
  }

  receive(message: MigrationMessage): void {
    if (this.#isLinked) this.#run.receive(message);
  }

  /** It is to execute there or here. @param why In a sentence. */
  want(executes: NonNullable<Terms['executes']>, why: string): void {
    this.#tell({ what: 'asked', to: executes, why });
    this.#isWantedHome = executes === 'hub';
    this.#run.adapt({ executes });
  }

  /** What is known of it, or wanted, is other than it was. */
  adapt(terms: Partial<Omit<Terms, 'executes'>>): void {
    this.#times = { ...this.#times, ...terms };
    this.#run.adapt(terms);
  }

  /** It ends without effect. */
  cancel(): void {
    this.#isCancelled = true;
    this.#run.cancel();
  }

  /** Also one that was closed before it could end. */
  get isCancelled(): boolean {
    return this.#isCancelled;
  }

  /** Another version of its task is in force, or none: it ends on its own, where it is. */
  outlives(version: string | undefined): void {
    const now = version === undefined ? 'its task was removed' : `version ${version} of its task is in force`;
    this.note('outlives', `${now}, and it ends on ${this.job.value.task.manifest.version}`);
    this.look();
  }

  note(what: Note['what'], why: string): void {
    this.#tell({ what, why });
  }

  #tell(said: Pick<Note, 'what' | 'to' | 'why'>): void {
    const { epoch, point } = this.#run.status;
    this.#keep([{ atMs: this.#parts.clock(), epoch, point, ...said }]);
  }

  #keep(notes: readonly Note[]): void {
    this.#notes = withNotes(this.#notes, notes);
    for (const note of notes) this.#parts.told(note);
  }

  /** It has ended, wherever that was. @param used in all. */
  ended(used: Used): void {
    const { links, job, request } = this.#parts;
    this.#cameHome(used);
    links.ended(job.value.task, request, used.fuel);
  }

  /** It moves no more: nothing is looked at. */
  leave(): void {
    this.#stopLooking();
    this.#cameHome(this.#used);
  }

  /** Executes no further here. Resolves when its stub is what `stubs.last` says. */
  async close(): Promise<void> {
    this.leave();
    await this.#run.close();
    await this.host.idle;
  }

  /** What it would go on from here; undefined when there is no such point. */
  get checkpoint(): Uint8Array | undefined {
    const { anchor, difference } = this.stubs.last.content;
    return difference === undefined ? anchor : wholeCheckpoint(difference, anchor);
  }

  /** At its last point that is held here. */
  get #used(): Used {
    const { anchor, difference } = this.stubs.last.content;
    const last = difference ?? anchor;
    return last === undefined ? { fuel: 0, wallMs: 0 } : glanceAt(last);
  }

  /** @param used in all, as far as it counts: what was executed there is told. */
  #cameHome({ fuel, wallMs }: Used): void {
    const { links, provider, job } = this.#parts;
    const before = this.#wentWith;
    this.#wentWith = undefined;
    if (before === undefined || fuel <= before.fuel) return;
    links.executed(provider, job.value.task, { fuel: fuel - before.fuel, wallMs: wallMs - before.wallMs });
  }

  #look(): void {
    const now = this.#run.status;
    if (now.executes === 'hub') this.#cameHome(this.#used);
    else this.#wentWith ??= this.#used;
    const atMs = this.#parts.clock();
    if (now.point !== this.#seen.point) this.#pointAtMs = atMs;
    this.#keep(notesOn(this.#seen, now, atMs));
    this.#seen = now;
    this.#progress.look(now, this.#parts.timer.nowMs());
  }

  #lookLater(): void {
    this.#stopLooking = this.#parts.timer.after(MIGRATION_BOUNDS.lookMs, () => {
      this.#lookAtProgress();
      this.#lookLater();
    });
  }

  /** Says once that it comes no further, or has it taken back. */
  #lookAtProgress(): void {
    const { links, timer, provider, stalled } = this.#parts;
    const facts = this.#progress.at(timer.nowMs());
    if (facts === undefined) return;
    const stall = stallOf({ ...facts, ...this.#times, mayTake: links.areSelected || this.#isWantedHome });
    if (stall === 'none') return;
    const why = `${provider} is heard, and the run came to no point for ${Math.round(facts.sinceMs / 1_000)} s`;
    const { epoch, point } = this.#run.status;
    const isTold = this.#notes.some((note) => note.what === 'stalls' && note.epoch === epoch && note.point === point);
    if (!isTold) this.note('stalls', why);
    if (stall === 'take-back') stalled(this, why);
  }
}
