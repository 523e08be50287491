import { hostFunction, own, record, type HostInterface } from '../abi/types.js';
import type { Host } from './host.js';
import { POLLABLE } from './io.js';

const NS_PER_SECOND = 1_000_000_000n;
export const DATETIME = record({ seconds: 'u64', nanoseconds: 'u32' });

/** `wasi:clocks`: a run's own time, which begins when it was started and moves with its fuel. */
export function clocks(host: Host): Record<string, HostInterface> {
  const elapsed = (): bigint => {
    host.run.charge(0);
    return BigInt(Math.floor(host.run.elapsedNs));
  };
  const resolution = <Value>(value: Value) => {
    return (): Value => {
      host.run.charge(0);
      return value;
    };
  };
  /** Standard libraries import it whether or not a guest ever waits. A call has no error to answer with. */
  const noWaiting = (): never => host.run.refuse('a run cannot wait for a clock: it would hold its thread');
  return {
    'wasi:clocks/wall-clock': {
      now: hostFunction([], DATETIME, () => {
        const ns = BigInt(host.run.request.clockMs) * 1_000_000n + elapsed();
        return { seconds: ns / NS_PER_SECOND, nanoseconds: Number(ns % NS_PER_SECOND) };
      }),
      resolution: hostFunction([], DATETIME, resolution({ seconds: 0n, nanoseconds: 1 })),
    },
    'wasi:clocks/monotonic-clock': {
      now: hostFunction([], 'u64', elapsed),
      resolution: hostFunction([], 'u64', resolution(1n)),
      'subscribe-instant': hostFunction(['u64'], own(POLLABLE), noWaiting),
      'subscribe-duration': hostFunction(['u64'], own(POLLABLE), noWaiting),
    },
  };
}
