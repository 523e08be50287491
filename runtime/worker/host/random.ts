import { AbiFault } from '../abi/guest-memory.js';
import { hostFunction, tuple, type HostInterface } from '../abi/types.js';
import type { Host } from './host.js';

/** `wasi:random`: numbers from the seed that is recorded with the run. */
export function random(host: Host): Record<string, HostInterface> {
  const bytes = hostFunction(['u64'], 'bytes', (length: bigint) => {
    const { run } = host;
    const count = Number(length);
    if (count > run.request.limits.memoryBytes) {
      throw new AbiFault(`${length} random bytes do not fit the memory limit of ${run.request.limits.memoryBytes}`);
    }
    run.charge(count);
    return run.random.bytes(count);
  });
  const draw = (): bigint => {
    host.run.charge(8);
    return host.run.random.u64();
  };
  const u64 = hostFunction([], 'u64', draw);
  return {
    'wasi:random/random': { getRandomBytes: bytes, getRandomU64: u64 },
    'wasi:random/insecure': { getInsecureRandomBytes: bytes, getInsecureRandomU64: u64 },
    'wasi:random/insecure-seed': { insecureSeed: hostFunction([], tuple('u64', 'u64'), () => [draw(), draw()]) },
  };
}
