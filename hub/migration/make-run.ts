import type { StubRecord } from '../../provider/protocol/migration/index.js';
import { decodeCheckpoint, type RunRequest } from '../../runtime/index.js';
import type { Observer } from '../observations.js';
import type { PendingRun } from '../pending-run.js';
import { requestOf } from '../run-request.js';
import type { Job } from '../scheduler/index.js';
import { outcomeFault } from '../session/index.js';
import { KeptStubs, type KeptStubsParts } from './kept-stubs.js';
import type { Links } from './links.js';
import { MovingRun, type MovingRunParts } from './moving-run.js';
import type { Note } from './notes.js';
import { StretchHost, type StretchHostParts } from './stretch-host.js';

export interface RunMakerParts
  extends
    Pick<KeptStubsParts, 'files' | 'journal' | 'points' | 'durable' | 'log'>,
    Pick<StretchHostParts, 'runtime' | 'scheduler'>,
    Pick<MovingRunParts, 'timer' | 'clock' | 'stalled'> {
  readonly links: Links;
  /** Whether records of runs are kept. */
  readonly records: boolean;
  /** Ends a run in one transaction with its effects. Resolves when that is on disk. */
  readonly end: (job: Job<PendingRun>, ...how: Parameters<KeptStubsParts['end']>) => Promise<void>;
  readonly observe: Observer;
  /** The one of a job that moves now; undefined when it does not. */
  readonly movingOf: (job: Job<PendingRun>) => MovingRun | undefined;
  /** A run cannot go on as one that moves. */
  readonly failed: (run: MovingRun, reason: string) => void;
}

/** What a run begins to move with, or goes on with under another hub. */
export interface FirstStub {
  readonly record: StubRecord;
  readonly notes: readonly Note[];
  /** The checkpoints of `record` that are on disk already. */
  readonly files?: ConstructorParameters<typeof KeptStubs>[2];
}

/** Puts the parts of one run that moves together: what executes it here, what keeps its stub, and what talks about it. */
export function makeRun(
  parts: RunMakerParts,
  { job, provider }: { readonly job: Job<PendingRun>; readonly provider: string },
  { record, notes, files: onDisk }: FirstStub,
): MovingRun {
  const { links, runtime, scheduler, files, journal, points, durable, timer, clock, records, log } = parts;
  const request = askedFor(record, requestOf(job, records));
  const host = new StretchHost({
    job,
    request,
    runtime,
    scheduler,
    resultFault: (result) => {
      if (result.runId !== job.value.runId) return `a result is of the run ${result.runId}`;
      // What the hub cancels is over here before it hears of it.
      if (result.outcome.kind === 'cancelled' && !run.isCancelled) return 'nobody has cancelled the run';
      return outcomeFault({ ...result, epoch: 0 }, { request, epoch: 0 });
    },
    faulty: (reason) => links.fault(provider, `${record.id}: ${reason}`),
    refused: (reason) => parts.failed(run, reason),
  });
  const stubs = new KeptStubs(
    {
      job,
      provider,
      files,
      journal,
      points,
      durable,
      log,
      notes: () => run.notes,
      isOvertaken: () => (parts.movingOf(job) ?? run) !== run,
      end: (last, how) => parts.end(job, last, how),
    },
    record,
    onDisk,
  );
  const run: MovingRun = new MovingRun({
    job,
    request,
    provider,
    record,
    host,
    stubs,
    links,
    timer,
    clock,
    notes,
    told: (note) => tell(parts.observe, run, note),
    changed: () => undefined,
    stalled: parts.stalled,
    failed: parts.failed,
  });
  return run;
}

/** What a person is to hear of a run that moves, when it happens. */
function tell(observe: Observer, { job, provider }: MovingRun, { what, epoch, point, why }: Note): void {
  const place = what === 'kept-here' ? 'here' : what;
  if (place !== 'there' && place !== 'here' && place !== 'linked' && place !== 'link-lost') return;
  const { runId, task } = job.value;
  const moved = { runId, task: task.manifest.name, provider, what: place, epoch, point, why } as const;
  observe({ kind: 'run-moved', ...moved });
}

/** What the hub has asked, which is what goes to the provider and comes back: it might ask something else now, under other options. */
function askedFor({ content: { anchor } }: StubRecord, now: RunRequest): RunRequest {
  return anchor === undefined ? now : { ...decodeCheckpoint(anchor).request, task: now.task };
}
