import type { Host } from './host.js';

/** `wasi:random`: numbers from the seed that is recorded with the run. */
export function random(host: Host) {
  const bytes = (length: bigint): Uint8Array => {
    const { run } = host;
    const count = Number(length);
    // What does not fit the guest's memory cannot be handed over: not made in the first place.
    if (count > run.request.limits.memoryBytes)
      throw new RangeError(`${length} random bytes do not fit the memory limit`);
    run.charge(count);
    return run.random.bytes(count);
  };
  const u64 = (): bigint => {
    host.run.charge(8);
    return host.run.random.u64();
  };
  return {
    'wasi:random/random': { getRandomBytes: bytes, getRandomU64: u64 },
    'wasi:random/insecure': { getInsecureRandomBytes: bytes, getInsecureRandomU64: u64 },
    'wasi:random/insecure-seed': { insecureSeed: (): [bigint, bigint] => [u64(), u64()] },
  };
}
