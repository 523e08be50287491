import { RUNTIME_BOUNDS } from '../../limits.js';
import type { BucketGrant } from '../../task.js';
import { borrow, hostFunction, list, option, own, record, result, tuple, type HostInterface } from '../abi/types.js';
import type { Host } from './host.js';
import { err, KEY_ERROR, ok, type HostResult } from './result.js';

type KeyError = { tag: 'no-such-store' } | { tag: 'access-denied' } | { tag: 'other'; val: string };
type Result<Ok> = HostResult<Ok, KeyError>;
type Entry = [key: string, value: Uint8Array];

const U64 = 8;
const DONE = result(undefined, KEY_ERROR);

/** `wasi:keyvalue`: state, as one snapshot plus the run's own writes. A handle stands for a grant. */
export function keyvalue(host: Host): Record<string, HostInterface> {
  const get = (bucket: BucketGrant, key: string): Result<Uint8Array | undefined> => {
    const fault = keyFault(key);
    if (fault !== undefined) return other(fault);
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

  /** The cursor is how many keys have been listed. */
  const listKeys = (
    bucket: BucketGrant,
    cursor: bigint | undefined,
  ): Result<{ keys: string[]; cursor: bigint | undefined }> => {
    const most = RUNTIME_BOUNDS.listKeys;
    if ((cursor ?? 0n) > RUNTIME_BOUNDS.listedKeys)
      return other(`at most ${RUNTIME_BOUNDS.listedKeys} keys can be listed`);
    const from = Number(cursor ?? 0n);
    const all = host.run.keys(bucket.id, undefined, from + most + 1);
    host.run.charge(all.reduce((sum, key) => sum + key.length, 0));
    return ok({
      keys: all.slice(from, from + most),
      cursor: all.length > from + most ? BigInt(from + most) : undefined,
    });
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

  return {
    'wasi:keyvalue/store': {
      open: hostFunction(['string'], result(own, KEY_ERROR), (identifier: string): Result<BucketGrant> => {
        host.run.charge(identifier.length);
        const grant = host.run.bucket(identifier);
        if (grant === undefined) return err({ tag: 'access-denied' });
        if (host.run.handles.live >= RUNTIME_BOUNDS.handles) {
          return other(`at most ${RUNTIME_BOUNDS.handles} buckets can be open at once`);
        }
        return ok(grant);
      }),
      get: hostFunction([borrow, 'string'], result(option('bytes'), KEY_ERROR), get),
      set: hostFunction([borrow, 'string', 'bytes'], DONE, write),
      delete: hostFunction([borrow, 'string'], DONE, (bucket: BucketGrant, key: string) =>
        write(bucket, key, undefined),
      ),
      exists: hostFunction([borrow, 'string'], result('bool', KEY_ERROR), (bucket: BucketGrant, key: string) => {
        const value = get(bucket, key);
        return value.tag === 'err' ? value : ok(value.val !== undefined);
      }),
      listKeys: hostFunction(
        [borrow, option('u64')],
        result(record({ keys: list('string'), cursor: option('u64') }), KEY_ERROR),
        listKeys,
      ),
    },
    'wasi:keyvalue/atomics': {
      increment: hostFunction([borrow, 'string', 'u64'], result('u64', KEY_ERROR), increment),
    },
    'wasi:keyvalue/batch': {
      getMany: hostFunction(
        [borrow, list('string')],
        result(list(option(tuple('string', 'bytes'))), KEY_ERROR),
        (bucket: BucketGrant, keys: string[]) =>
          all(keys, (key): Result<Entry | undefined> => {
            const value = get(bucket, key);
            if (value.tag === 'err') return value;
            return ok(value.val === undefined ? undefined : [key, value.val]);
          }),
      ),
      setMany: hostFunction([borrow, list(tuple('string', 'bytes'))], DONE, (bucket: BucketGrant, entries: Entry[]) =>
        nothing(all(entries, ([key, value]) => write(bucket, key, value))),
      ),
      deleteMany: hostFunction([borrow, list('string')], DONE, (bucket: BucketGrant, keys: string[]) =>
        nothing(all(keys, (key) => write(bucket, key, undefined))),
      ),
    },
  };
}

function keyFault(key: string): string | undefined {
  if (key.length <= RUNTIME_BOUNDS.keyBytes) return undefined;
  return `a key has at most ${RUNTIME_BOUNDS.keyBytes} characters: this one has ${key.length}`;
}

/** Stops at the first error. */
function all<Item, Ok>(items: readonly Item[], action: (item: Item) => Result<Ok>): Result<Ok[]> {
  const values: Ok[] = [];
  for (const item of items) {
    const answer = action(item);
    if (answer.tag === 'err') return answer;
    values.push(answer.val);
  }
  return ok(values);
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
