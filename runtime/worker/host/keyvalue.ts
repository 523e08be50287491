import { RUNTIME_BOUNDS } from '../../limits.js';
import type { BucketGrant } from '../../task.js';
import type { Host } from './host.js';
import { err, ok, type HostResult } from './result.js';

type KeyError = { tag: 'no-such-store' } | { tag: 'access-denied' } | { tag: 'other'; val: string };
type Result<Ok> = HostResult<Ok, KeyError>;

const U64 = 8;

/** What the generated code calls when the guest drops a handle: Node 20 lacks Symbol.dispose in some versions. */
const DISPOSE: symbol = Symbol.dispose ?? Symbol.for('dispose');

/** `wasi:keyvalue`: state, as one snapshot plus the run's own writes. */
export function keyvalue(host: Host) {
  class Bucket {
    readonly #grant: BucketGrant;

    constructor(grant: BucketGrant) {
      this.#grant = grant;
      host.run.liveHandles++;
      host.run.usedHandles = true;
    }

    get(key: string): Result<Uint8Array | undefined> {
      return call(key, () => {
        const value = host.run.read(this.#grant.id, key);
        host.run.charge(value?.length ?? 0);
        return ok(value);
      });
    }

    set(key: string, value: Uint8Array): Result<undefined> {
      return call(key, () => {
        host.run.charge(value.length);
        return this.#write(key, value);
      });
    }

    delete(key: string): Result<undefined> {
      return call(key, () => this.#write(key, undefined));
    }

    exists(key: string): Result<boolean> {
      return call(key, () => ok(host.run.read(this.#grant.id, key) !== undefined));
    }

    /** The cursor is how many keys have been listed. */
    listKeys(cursor: bigint | undefined): Result<{ keys: string[]; cursor: bigint | undefined }> {
      return call('', () => {
        const from = Number(cursor ?? 0n);
        const most = RUNTIME_BOUNDS.listKeys;
        if (from > RUNTIME_BOUNDS.listedKeys) return other(`at most ${RUNTIME_BOUNDS.listedKeys} keys can be listed`);
        const all = host.run.keys(this.#grant.id, undefined, from + most + 1);
        const keys = all.slice(from, from + most);
        host.run.charge(all.reduce((sum, key) => sum + key.length, 0));
        return ok({ keys, cursor: all.length > from + most ? BigInt(from + most) : undefined });
      });
    }

    increment(key: string, delta: bigint): Result<bigint> {
      return call(key, () => {
        const stored = host.run.read(this.#grant.id, key);
        if (stored !== undefined && stored.length !== U64)
          return other(`the value of "${key}" is not a 64-bit number: it has ${stored.length} bytes`);
        const before =
          stored === undefined ? 0n : new DataView(stored.buffer, stored.byteOffset, U64).getBigUint64(0, true);
        const value = BigInt.asUintN(64, before + delta);
        const bytes = new Uint8Array(U64);
        new DataView(bytes.buffer).setBigUint64(0, value, true);
        const written = this.#write(key, bytes);
        return written.tag === 'err' ? written : ok(value);
      });
    }

    #write(key: string, value: Uint8Array | undefined): Result<undefined> {
      const refused = host.run.write(this.#grant, key, value);
      if (refused === undefined) return ok(undefined);
      return this.#grant.access === 'read-write' ? other(refused) : err({ tag: 'access-denied' });
    }

    [DISPOSE](): void {
      host.run.liveHandles--;
    }
  }

  /** What all calls share: time, the charge for the key, the bound on it. */
  function call<Ok>(key: string, action: () => Result<Ok>): Result<Ok> {
    const from = performance.now();
    host.run.charge(key.length);
    try {
      return key.length > RUNTIME_BOUNDS.keyBytes
        ? other(`a key has at most ${RUNTIME_BOUNDS.keyBytes} characters: this one has ${key.length}`)
        : action();
    } finally {
      host.run.hostMs += performance.now() - from;
    }
  }

  /** Stops at the first error. */
  function all<Item, Ok>(items: readonly Item[], action: (item: Item) => Result<Ok>): Result<Ok[]> {
    const values: Ok[] = [];
    for (const item of items) {
      const result = action(item);
      if (result.tag === 'err') return result;
      values.push(result.val);
    }
    return ok(values);
  }

  const nothing = (result: Result<unknown>): Result<undefined> => (result.tag === 'err' ? result : ok(undefined));

  return {
    'wasi:keyvalue/store': {
      Bucket,
      open(identifier: string): Result<Bucket> {
        return call(identifier, () => {
          const grant = host.run.bucket(identifier);
          if (grant === undefined) return err({ tag: 'access-denied' });
          if (host.run.liveHandles >= RUNTIME_BOUNDS.handles)
            return other(`at most ${RUNTIME_BOUNDS.handles} buckets can be open at once`);
          return ok(new Bucket(grant));
        });
      },
    },
    'wasi:keyvalue/atomics': {
      increment: (bucket: Bucket, key: string, delta: bigint): Result<bigint> => bucket.increment(key, delta),
    },
    'wasi:keyvalue/batch': {
      getMany: (bucket: Bucket, keys: string[]): Result<([string, Uint8Array] | undefined)[]> =>
        all(keys, (key) => {
          const result = bucket.get(key);
          if (result.tag === 'err') return result;
          return ok(result.val === undefined ? undefined : ([key, result.val] as [string, Uint8Array]));
        }),
      setMany: (bucket: Bucket, entries: [string, Uint8Array][]): Result<undefined> =>
        nothing(all(entries, ([key, value]) => bucket.set(key, value))),
      deleteMany: (bucket: Bucket, keys: string[]): Result<undefined> =>
        nothing(all(keys, (key) => bucket.delete(key))),
    },
  };
}

function other(message: string): Result<never> {
  return err({ tag: 'other', val: message });
}
