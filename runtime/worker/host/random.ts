import { RUNTIME_BOUNDS } from '../../limits.js';
import { AbiFault } from '../abi/abi-fault.js';
import { hostFunction, tuple, type HostInterface } from '../abi/types.js';
import type { Host } from './host.js';

/** `wasi:random`: numbers from the seed that is recorded with the run. */
export function random(host: Host): Record<string, HostInterface> {
  const bytes = hostFunction(['u64'], 'bytes', (length: bigint) => {
    const { run } = host;
    const count = Number(length);
    if (count > RUNTIME_BOUNDS.randomBytes) {
      throw new AbiFault(`a call gives at most ${RUNTIME_BOUNDS.randomBytes} random bytes, not ${length}`);
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
    'wasi:random/random': { 'get-random-bytes': bytes, 'get-random-u64': u64 },
    'wasi:random/insecure': { 'get-insecure-random-bytes': bytes, 'get-insecure-random-u64': u64 },
    'wasi:random/insecure-seed': { 'insecure-seed': hostFunction([], tuple('u64', 'u64'), () => [draw(), draw()]) },
  };
}
