import { RUNTIME_BOUNDS } from '../../limits.js';
import type { BucketGrant } from '../../task.js';
import { borrow, hostFunction, list, option, own, record, result, tuple, type HostInterface } from '../abi/types.js';
import type { Host } from './host.js';
import { err, KEY_ERROR, ok, type HostResult } from './result.js';

type KeyError = { tag: 'no-such-store' } | { tag: 'access-denied' } | { tag: 'other'; val: string };
type Result<Ok> = HostResult<Ok, KeyError>;
type Entry = [key: string, value: Uint8Array];

const U64 = 8;
const BUCKET = 'wasi:keyvalue/store/bucket';
const DONE = result(undefined, KEY_ERROR);
const TOO_MANY_READS = `a run can look at ${RUNTIME_BOUNDS.reads} keys, of ${RUNTIME_BOUNDS.readLength} characters together, and ${RUNTIME_BOUNDS.readBytes} bytes of values`;

/** `wasi:keyvalue`: state, as one snapshot plus the run's own writes. A handle stands for a grant. */
export function keyvalue(host: Host): Record<string, HostInterface> {
  const get = (bucket: BucketGrant, key: string): Result<Uint8Array | undefined> => {
    const fault = keyFault(key);
    if (fault !== undefined) return other(fault);
    if (!host.run.mayRead(key.length)) return other(TOO_MANY_READS);
    const value = host.run.read(bucket.id, key);
    host.run.charge(key.length + (value?.length ?? 0));
    return ok(value);
  };

  const write = (bucket: BucketGrant, key: string, value: Uint8Array | undefined): Result<undefined> => {
    host.run.charge(key.length + (value?.length ?? 0));
    const fault = keyFault(key);
    if (fault !== undefined) return other(fault);
    const refused = host.run.write(bucket, key, value);
    if (refused === undefined) return ok(undefined);
    return bucket.access === 'read-write' ? other(refused) : err({ tag: 'access-denied' });
  };

  /** A cursor is the number of a page that the run has had, so that a page costs what is on it. */
  const listKeys = (
    bucket: BucketGrant,
    cursor: bigint | undefined,
  ): Result<{ keys: string[]; cursor: bigint | undefined }> => {
    const pages = host.run.pagesOf(bucket.id);
    const page = Number(cursor ?? 0n);
    if (page > pages.length) return other(`no list of keys has had the cursor ${page}`);
    const most = RUNTIME_BOUNDS.listKeys;
    const found = host.run.keys(bucket.id, page === 0 ? undefined : pages[page - 1], most + 1);
    const keys = found.slice(0, most);
    if (found.length <= most) return ok({ keys, cursor: undefined });
    pages[page] = keys.at(-1) ?? '';
    return ok({ keys, cursor: BigInt(page + 1) });
  };

  const increment = (bucket: BucketGrant, key: string, delta: bigint): Result<bigint> => {
    const stored = get(bucket, key);
    if (stored.tag === 'err') return stored;
    const before = stored.val;
    if (before !== undefined && before.length !== U64) {
      return other(`the value of "${key}" is not a 64-bit number: it has ${before.length} bytes`);
    }
    const sum = (before === undefined ? 0n : viewOf(before).getBigUint64(0, true)) + delta;
    const value = new Uint8Array(U64);
    viewOf(value).setBigUint64(0, sum, true);
    const written = write(bucket, key, value);
    return written.tag === 'err' ? written : ok(BigInt.asUintN(64, sum));
  };

  /** Does it for one item after the other, up to the first error. */
  const all = <Item, Ok>(items: readonly Item[], action: (item: Item) => Result<Ok>): Result<Ok[]> => {
    host.run.chargeItems(items.length);
    const values: Ok[] = [];
    for (const item of items) {
      const answer = action(item);
      if (answer.tag === 'err') return answer;
      values.push(answer.val);
    }
    return ok(values);
  };

  return {
    'wasi:keyvalue/store': {
      open: hostFunction(['string'], result(own(BUCKET), KEY_ERROR), (identifier: string): Result<BucketGrant> => {
        host.run.charge(identifier.length);
        const grant = host.run.bucket(identifier);
        if (grant === undefined) return err({ tag: 'access-denied' });
        if (host.run.handles.live >= RUNTIME_BOUNDS.handles) {
          return other(`at most ${RUNTIME_BOUNDS.handles} handles can be held at once`);
        }
        return ok(grant);
      }),
      '[method]bucket.get': hostFunction([borrow(BUCKET), 'string'], result(option('bytes'), KEY_ERROR), get),
      '[method]bucket.set': hostFunction([borrow(BUCKET), 'string', 'bytes'], DONE, write),
      '[method]bucket.delete': hostFunction([borrow(BUCKET), 'string'], DONE, (bucket: BucketGrant, key: string) =>
        write(bucket, key, undefined),
      ),
      '[method]bucket.exists': hostFunction(
        [borrow(BUCKET), 'string'],
        result('bool', KEY_ERROR),
        (bucket: BucketGrant, key: string) => {
          const value = get(bucket, key);
          return value.tag === 'err' ? value : ok(value.val !== undefined);
        },
      ),
      '[method]bucket.list-keys': hostFunction(
        [borrow(BUCKET), option('u64')],
        result(record({ keys: list('string'), cursor: option('u64') }), KEY_ERROR),
        listKeys,
      ),
    },
    'wasi:keyvalue/atomics': {
      increment: hostFunction([borrow(BUCKET), 'string', 'u64'], result('u64', KEY_ERROR), increment),
    },
    'wasi:keyvalue/batch': {
      'get-many': hostFunction(
        [borrow(BUCKET), list('string')],
        result(list(option(tuple('string', 'bytes'))), KEY_ERROR),
        (bucket: BucketGrant, keys: string[]) =>
          all(keys, (key): Result<Entry | undefined> => {
            const value = get(bucket, key);
            if (value.tag === 'err') return value;
            return ok(value.val === undefined ? undefined : [key, value.val]);
          }),
      ),
      'set-many': hostFunction(
        [borrow(BUCKET), list(tuple('string', 'bytes'))],
        DONE,
        (bucket: BucketGrant, entries: Entry[]) => nothing(all(entries, ([key, value]) => write(bucket, key, value))),
      ),
      'delete-many': hostFunction([borrow(BUCKET), list('string')], DONE, (bucket: BucketGrant, keys: string[]) =>
        nothing(all(keys, (key) => write(bucket, key, undefined))),
      ),
    },
  };
}

function keyFault(key: string): string | undefined {
  if (key.length <= RUNTIME_BOUNDS.keyBytes) return undefined;
  return `a key has at most ${RUNTIME_BOUNDS.keyBytes} characters: this one has ${key.length}`;
}

function nothing(answer: Result<unknown>): Result<undefined> {
  return answer.tag === 'err' ? answer : ok(undefined);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function other(message: string): Result<never> {
  return err({ tag: 'other', val: message });
}
