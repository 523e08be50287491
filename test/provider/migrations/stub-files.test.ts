/** Stubs on disk, and all that a cut of the power may leave of them at each moment of keeping them. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import promises, { type FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import t from 'tap';
import { StubFiles } from '../../../provider/migrations/stub-files.js';
import type { KeptStub } from '../../../provider/migrations/stubs.js';
import type { PointContent } from '../../../provider/protocol/migration/index.js';
import { NEW_RUN, type Stub } from '../../../provider/protocol/responsibility/index.js';
import { checkpointDigest, decodeCheckpoint, deltaOf, encodeCheckpoint } from '../../../runtime/index.js';
import { aCheckpoint } from '../../runtime/checkpoint/a-checkpoint.js';
import { WatchedFolder } from '../../hub/storm/watched-folder.js';
import { specOf } from '../raw-hub.js';

t.setTimeout(55_000);

const spec = specOf('long', Buffer.from('a component'));
const whole = (progress: number): Uint8Array => encodeCheckpoint(aCheckpoint({ progress }));
const [first, second] = [whole(0), whole(5)];

function difference(progress: number, base: Uint8Array): Uint8Array {
  const named = { checkpoint: decodeCheckpoint(base), digest: checkpointDigest(base) };
  return encodeCheckpoint(deltaOf(aCheckpoint({ progress }), named));
}

/** It is handed over, comes to points, is offered, comes again, and is over. */
const STUBS: readonly KeptStub[] = [
  stubOf({ epoch: 1, point: 1 }, { anchor: first }),
  stubOf({ epoch: 1, point: 2 }, { anchor: first, difference: difference(1, first) }),
  stubOf({ epoch: 1, point: 2, common: 2 }, { anchor: first, difference: difference(1, first) }),
  stubOf({ epoch: 1, point: 3, offer: true }, { anchor: first, difference: difference(2, first) }),
  stubOf({ epoch: 3, point: 9 }, { anchor: second }),
  stubOf({ epoch: 3, point: 10 }, { anchor: second, difference: difference(6, second) }),
  stubOf({ epoch: 3, point: 11 }, { anchor: first }),
];

function stubOf(stub: Partial<Stub>, content: PointContent): KeptStub {
  const terms = { pointMs: 1, reclaimMs: 1, isForHere: false, expectedFuel: 0 };
  const said: Stub = { ...NEW_RUN, side: 'provider', ...stub };
  return { record: { id: 'run#1', task: 'long', stub: said, content, terms, why: 'a test' }, spec, heardAtMs: 1 };
}

interface Told {
  readonly kept: number;
  readonly isDropping: boolean;
  readonly isDropped: boolean;
}

t.test('whenever the power is cut, the stub that was said to be kept is there, or the next', async (t) => {
  const within = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'sterna-stub-files-'));
  t.teardown(() => rmSync(within, { recursive: true }));
  const dir = join(within, 'stubs');
  mkdirSync(dir);
  let told: Told = { kept: 0, isDropping: false, isDropped: false };
  const watched = new WatchedFolder(dir, () => told);
  const files = new StubFiles(dir);
  for (const stub of STUBS) {
    await files.keep(stub);
    told = { ...told, kept: told.kept + 1 };
  }
  told = { ...told, isDropping: true };
  await files.drop('run#1');
  told = { ...told, isDropped: true };
  watched.close();
  t.strictSame(readdirSync(dir), []);
  const wrong: string[] = [];
  let count = 0;
  for (const left of watched.leftovers(join(within, 'left'))) {
    const fault = await faultIn(left.folder, left.told);
    if (fault !== undefined) wrong.push(`${left.folder}, ${JSON.stringify(left.told)}: ${fault}`);
    rmSync(left.folder, { recursive: true });
    count++;
  }
  t.strictSame(wrong.slice(0, 5), []);
  t.ok(watched.moments > 50 && count > 500, `${count} disks of ${watched.moments} moments`);
});

t.test('of a stub that cannot be kept nothing is under way, or open, when that is said', async (t) => {
  const within = t.testdir({ sync: {}, close: {} });
  for (const failing of ['sync', 'close'] as const) {
    const dir = join(within, failing);
    const open = new Set<string>();
    const remove = withHandles((name, handle) => {
      open.add(name);
      let underWay = 0;
      // A checkpoint is opened first, and fails at once; all else takes its time.
      const step = async (what: 'sync' | 'close', work: () => Promise<void>): Promise<void> => {
        const fails = what === failing && name.endsWith('.checkpoint');
        underWay++;
        if (!fails) await new Promise((resolve) => setTimeout(resolve, 20));
        if (!fails || what === 'close') await work();
        underWay--;
        if (what === 'close') open.delete(name);
        if (fails) throw new Error(`no ${what}`);
      };
      return {
        writeFile: (data) => handle.writeFile(data),
        sync: () => step('sync', () => handle.sync()),
        close: () => {
          t.equal(underWay, 0, `${name} is not closed in the middle of something`);
          return step('close', () => handle.close());
        },
      };
    });
    await t.rejects(new StubFiles(dir).keep(STUBS[0] as KeptStub), { message: `no ${failing}` });
    t.strictSame([...open], [], `nothing is open after a ${failing} that failed`);
    remove();
    t.strictSame(readdirSync(dir), [], 'and nothing of it is left');
  }
});

type Handle = Pick<FileHandle, 'writeFile' | 'sync' | 'close'>;

/** Files and folders that this process opens are what is made of them. @returns what ends that. */
function withHandles(made: (name: string, handle: FileHandle) => Handle): () => void {
  const real = promises.open;
  const opened = async (path: string, flags?: string, mode?: number): Promise<Handle> =>
    made(basename(path), await real(path, flags, mode));
  Object.assign(promises, { open: opened });
  syncBuiltinESMExports();
  return () => {
    Object.assign(promises, { open: real });
    syncBuiltinESMExports();
  };
}

async function faultIn(folder: string, { kept, isDropping, isDropped }: Told): Promise<string | undefined> {
  const unreadable: string[] = [];
  const found = await new StubFiles(folder).read((reason) => unreadable.push(reason));
  const [stub] = found;
  if (!isDropping && unreadable.length > 0) return `it cannot be read: ${unreadable[0]}`;
  if (stub === undefined) {
    if (kept > 0 && !isDropping) return 'it is not there';
    return readdirSync(folder).length > 0 ? 'something of no use is left' : undefined;
  }
  if (isDropped) return 'it is there after it was dropped';
  const number = STUBS.findIndex(({ record }) => nameOf(record.stub) === nameOf(stub.record.stub));
  if (number + 1 < kept || number > kept) return `number ${number + 1} is there`;
  const is = stub.record.content;
  const { anchor, difference } = STUBS[number]?.record.content ?? {};
  if (!isSame(is.anchor, anchor) || !isSame(is.difference, difference)) return 'it has another content';
  const most = 1 + [anchor, difference].filter((checkpoint) => checkpoint !== undefined).length;
  return readdirSync(folder).length > most ? 'something of no use is left' : undefined;
}

function nameOf({ epoch, point, common }: Stub): string {
  return `${epoch} ${point} ${common}`;
}

function isSame(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : Buffer.compare(a, b) === 0;
}
