import type { Host } from './host.js';

const NS_PER_SECOND = 1_000_000_000;

/** `wasi:clocks`: a run's own time, which begins when it was started and moves with its fuel. */
export function clocks(host: Host) {
  const epochNs = (): bigint => BigInt(host.run.request.clockMs) * 1_000_000n + BigInt(Math.floor(host.run.elapsedNs));
  return {
    'wasi:clocks/wall-clock': {
      now(): { seconds: bigint; nanoseconds: number } {
        host.run.charge(0);
        const ns = epochNs();
        return { seconds: ns / BigInt(NS_PER_SECOND), nanoseconds: Number(ns % BigInt(NS_PER_SECOND)) };
      },
      resolution(): { seconds: bigint; nanoseconds: number } {
        host.run.charge(0);
        return { seconds: 0n, nanoseconds: 1 };
      },
    },
    'wasi:clocks/monotonic-clock': {
      now(): bigint {
        host.run.charge(0);
        return BigInt(Math.floor(host.run.elapsedNs));
      },
      resolution(): bigint {
        host.run.charge(0);
        return 1n;
      },
    },
  };
}
