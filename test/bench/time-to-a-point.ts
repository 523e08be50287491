/** How long a run goes on when it is asked to stand still, by where its points of execution are. */
import { RUNTIME_BOUNDS } from '../../runtime/index.js';
import { POINTS } from '../../runtime/provision/suspend/points.js';
import { SteppedInstance, suspendable } from '../runtime/suspend/stepped-instance.js';
import type { Row } from './row.js';

/** Between two of its points and the next time it is asked, so that it is asked anywhere. */
const PAUSES_MS = [1.1, 2.3, 3.7, 5.3];
const MEASURED_MS = 700;

interface Waits {
  /** From the slice's end at which it first could, if it were a point. */
  readonly ms: readonly number[];
  /** Times that it ended instead. */
  readonly ended: number;
}

export async function timeToAPoint(name: string, module: Uint8Array): Promise<Row[]> {
  const rows: Row[] = [];
  for (const points of POINTS) {
    const { ms, ended } = waits(new WebAssembly.Module(await suspendable(module, points)));
    const sorted = ms.toSorted((a, b) => a - b);
    const at = (share: number): string => (sorted[Math.floor((sorted.length - 1) * share)] ?? NaN).toFixed(2);
    const value = ms.length === 0 ? 'none reached' : `${at(0.5)} ms, at most ${at(1)}`;
    const measure = `suspend: ${name}, ${points}, to a point (${ms.length} times, ended first ${ended})`;
    rows.push({ measure, value });
  }
  return rows;
}

function waits(module: WebAssembly.Module): Waits {
  const ms: number[] = [];
  let ended = 0;
  let askAt = performance.now();
  let askedAt: number | undefined;
  const pause = (): void => {
    askedAt = undefined;
    askAt = performance.now() + (PAUSES_MS[(ms.length + ended) % PAUSES_MS.length] ?? 0);
  };
  const endsAt = performance.now() + MEASURED_MS;
  while (performance.now() < endsAt) {
    const instance = new SteppedInstance(module, {
      sliceFuel: RUNTIME_BOUNDS.sliceFuel,
      wish: () => {
        const now = performance.now();
        if (askedAt === undefined && now < askAt) return 'go-on';
        askedAt ??= now;
        return 'copy';
      },
      onStill: () => {
        if (askedAt !== undefined) ms.push(performance.now() - askedAt);
        pause();
      },
    });
    instance.start();
    (instance.exports['run'] as unknown as () => number)();
    if (askedAt === undefined) continue;
    ended++;
    pause();
  }
  return { ms, ended };
}
