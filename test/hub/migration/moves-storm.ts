/** What a hub keeps of a run that moves there, and home, and ends, by hubs that stop at a moment of that. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { keepIn, readIn } from '../../../hub/checkpoints/checkpoint-folder.js';
import { CheckpointFiles } from '../../../hub/checkpoints/index.js';
import { createLog } from '../../../hub/log.js';
import { KeptStubs, type KeptStubsParts } from '../../../hub/migration/kept-stubs.js';
import { readStub } from '../../../hub/migration/stub-text.js';
import { openStore, type StoredMove } from '../../../hub/store/index.js';
import type { PointContent, StubRecord } from '../../../provider/protocol/migration/index.js';
import { NEW_RUN, type Stub } from '../../../provider/protocol/responsibility/index.js';
import {
  checkpointDigest,
  decodeCheckpoint,
  encodeCheckpoint,
  wholeCheckpoint,
  type RunResult,
} from '../../../runtime/index.js';
import { deltaOf } from '../../../runtime/checkpoint/delta.js';
import { aJob, journalOn, placeIn, POINTS, type Cut } from '../parking/points-storm.js';
import { Disk } from '../storm/disk.js';
import { FaultPoints } from '../storm/fault-points.js';

/** Breaks a promise, to see that it would be noticed. */
export type Flaw = (parts: KeptStubsParts) => KeptStubsParts;

export interface Life {
  /** Where it stopped; undefined when the run was over before. */
  readonly stopped: string | undefined;
  /** Moments that there were. */
  readonly moments: number;
  /** Stubs that were said to be kept, by then. */
  readonly kept: number;
  /** Whether the end of the run was said to be on disk by then. */
  readonly isOver: boolean;
}

const RESULT: RunResult = {
  runId: 'run',
  outcome: { kind: 'completed' },
  effects: [{ kind: 'publish', topic: 'out/said', payload: Buffer.from('done'), qos: 1, retain: false }],
  reads: [],
  log: [],
  droppedLogLines: 0,
  usage: { fuel: 9, peakMemoryBytes: 0, wallMs: 0, hostMs: 0, outputBytes: 0, logBytes: 0 },
};

/** It is offered, comes to points there, comes home, comes to points here, and ends before the provider has heard of it. */
const RECORDS: readonly StubRecord[] = [
  recordOf({ epoch: 0, point: 1, offer: true }, { anchor: whole(0) }),
  recordOf(
    { epoch: 1, base: 1, point: 2, responsible: 'provider' },
    { anchor: whole(0), difference: difference(1, 0) },
  ),
  recordOf(
    { epoch: 1, base: 1, point: 3, responsible: 'provider' },
    { anchor: whole(0), difference: difference(2, 0) },
  ),
  recordOf({ epoch: 2, base: 4, point: 4 }, { anchor: whole(3) }),
  recordOf(
    { epoch: 2, base: 4, point: 5, responsible: 'provider' },
    { anchor: whole(3), difference: difference(4, 3) },
  ),
  recordOf({ epoch: 2, base: 4, point: 6, responsible: 'provider', end: true }, { result: RESULT }),
];

function recordOf(stub: Partial<Stub>, content: PointContent): StubRecord {
  const terms = { pointMs: 1, reclaimMs: 1, isForHere: false, expectedFuel: 0 };
  return { id: 'run#1', task: 'long', stub: { ...NEW_RUN, ...stub }, content, terms, why: 'a test' };
}

/** The same bytes each time, as those that a run holds. */
function whole(number: number): Uint8Array {
  const bytes = POINTS[number];
  if (bytes === undefined) throw new Error(`there is no point ${number}`);
  return bytes;
}

function difference(number: number, to: number): Uint8Array {
  const base = { checkpoint: decodeCheckpoint(whole(to)), digest: checkpointDigest(whole(to)) };
  return encodeCheckpoint(deltaOf(decodeCheckpoint(whole(number)), base));
}

/**
 * Keeps the stubs behind the one that it finds, one after another, and then ends the run.
 * @param dir what an earlier life has left, or nothing. @param leaves where it is left what this one leaves.
 */
export async function live(dir: string, leaves: string, cut: Cut, flaw: Flaw = (parts) => parts): Promise<Life> {
  const disk = new Disk(dir);
  const checkpoints = join(dir, 'checkpoints');
  mkdirSync(checkpoints, { recursive: true });
  let told = { kept: 0, isOver: false };
  /** By the moment at which it stopped. */
  const before: { told?: typeof told } = {};
  const removed = new Map<string, Buffer>();
  const faults = new FaultPoints(cut.at, () => {
    disk.leave(leaves, cut.loss);
    const copies = join(leaves, 'checkpoints');
    mkdirSync(copies);
    for (const name of readdirSync(checkpoints)) {
      writeFileSync(join(copies, name), readFileSync(join(checkpoints, name)));
    }
    // Nothing asks the disk to keep that a file is gone.
    if (cut.loss === 'power') for (const [name, bytes] of removed) writeFileSync(join(copies, name), bytes);
    before.told = told;
  });
  const store = openStore(join(dir, 'state.db'), { sync: disk.sync });
  const [found] = store.moves();
  // Removes what no row names.
  void new CheckpointFiles(checkpoints, new Set(store.moves().flatMap(filesOf)));
  const journal = journalOn(store);
  const place = await placeIn(store, journal);
  disk.opened(faults);
  const commit = store.commit.bind(store);
  store.commit = (changes, also) => faults.around('a commit', () => commit(changes, also));
  const first = found === undefined ? 0 : numberOf(found) + 1;
  const job = aJob(place);
  const stubs = new KeptStubs(
    flaw({
      job,
      provider: 'shed',
      files: {
        keep: async (checkpoint) => {
          faults.pass('before a file');
          await new Promise((resolve) => setImmediate(resolve));
          return faults.around('a file', () => keepIn(checkpoints, checkpoint, undefined));
        },
        // Within a moment, so that no copy is made while a file goes.
        remove: async (digest) => {
          const file = join(checkpoints, `${digest}.checkpoint`);
          if (!existsSync(file)) return;
          faults.pass('before a file goes');
          removed.set(`${digest}.checkpoint`, readFileSync(file));
          rmSync(file);
          faults.pass('after a file went');
        },
      },
      journal,
      points: { of: () => undefined },
      durable: () => store.durable(),
      log: createLog('silent'),
      isOvertaken: () => false,
      notes: () => [],
      end: async () => {
        await new Promise<void>((resolve) => journal.write([{ reads: [], writes: [], ends: place }], () => resolve()));
        await stubs.removeFiles();
        await store.durable();
      },
    }),
    found === undefined ? recordOf({}, {}) : (RECORDS[first - 1] ?? recordOf({}, {})),
    // What an earlier hub has left, by other bytes than this one has.
    found === undefined ? [] : filesOf(found).map((digest) => ({ digest, bytes: new Uint8Array() })),
  );
  for (let next = first; next < RECORDS.length && before.told === undefined; next++) {
    const record = RECORDS[next];
    if (record !== undefined) await stubs.keep(record);
    told = { ...told, kept: next + 1 };
  }
  const last = RECORDS.at(-1);
  if (before.told === undefined && last !== undefined) {
    await stubs.over(last, 'of-the-run');
    told = { ...told, isOver: true };
  }
  await journal.close();
  await store.close();
  return { ...(before.told ?? told), stopped: faults.stoppedAt, moments: faults.passed };
}

/** What is wrong with what a life has left; nothing when all is as it should be. */
export async function wrongWith(dir: string, { kept, isOver }: Life): Promise<readonly string[]> {
  const store = openStore(join(dir, 'state.db'));
  try {
    const rows = store.moves();
    const goesOn = [...store.unfinished()].length > 0;
    const wrong: string[] = [];
    if (goesOn && isOver) wrong.push('the run is not over');
    if (goesOn && kept > 0 && rows.length === 0) wrong.push('no stub is there');
    if (!goesOn && rows.length > 0) wrong.push('a stub of a run that is over is there');
    for (const row of rows) wrong.push(...wrongWithRow(row, kept, join(dir, 'checkpoints')));
    return wrong;
  } finally {
    await store.close();
  }
}

function wrongWithRow(row: StoredMove, kept: number, folder: string): readonly string[] {
  const number = numberOf(row);
  const record = RECORDS[number];
  if (record === undefined) return ['its stub cannot be read'];
  if (number + 1 < kept) return [`stub ${number + 1} is there, and ${kept} was said to be kept`];
  const { anchor, difference, result } = record.content;
  try {
    const last = row.difference ?? row.anchor;
    const found = last === undefined ? undefined : readIn(folder, last);
    const right = difference === undefined ? anchor : wholeCheckpoint(difference, anchor);
    const isRight = Buffer.compare(found ?? new Uint8Array(), right ?? new Uint8Array()) === 0;
    const hasResult = readStub(row.stub)?.result !== undefined;
    return isRight && hasResult === (result !== undefined) ? [] : [`stub ${number + 1} has another content`];
  } catch (error) {
    return [`stub ${number + 1} cannot be gone on from: ${String(error)}`];
  }
}

function numberOf({ stub: text }: StoredMove): number {
  const stub = readStub(text)?.stub;
  return RECORDS.findIndex((record) => record.stub.epoch === stub?.epoch && record.stub.point === stub.point);
}

function filesOf({ anchor, difference }: StoredMove): readonly string[] {
  return [anchor, difference].filter((digest) => digest !== undefined);
}
