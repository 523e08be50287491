/** What the points of a real long run take on disk: each whole, and as differences to one that is. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepIn } from '../../hub/checkpoints/checkpoint-folder.js';
import { createRuntime, DEFAULT_POINTS } from '../../runtime/index.js';
import { builtTask } from '../runtime/built-task.js';
import { requestOf } from '../runtime/run-request.js';
import type { Row } from './row.js';

const POINTS = 20;
const EVERY_MS = 250;
const HOURS = 8_760;

export async function keptPoints(): Promise<Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'sterna-points-'));
  try {
    const points = await pointsOfForecast(join(folder, 'components'));
    const whole = written(folder, points, false);
    const differences = written(folder, points, true);
    return [
      { measure: `suspend: forecast, a point on disk, whole (mean of ${POINTS})`, value: textOf(whole) },
      {
        measure: 'suspend: forecast, a point on disk, as differences; bytes against that',
        value: textOf(differences),
        ratio: differences.bytes / whole.bytes,
      },
      { measure: 'suspend: forecast, a point on disk; time against that', value: '', ratio: differences.ms / whole.ms },
    ];
  } finally {
    await rm(folder, { recursive: true });
  }
}

interface Written {
  /** Each a mean over all points. */
  readonly bytes: number;
  readonly ms: number;
}

function written(folder: string, points: readonly Uint8Array[], asDifferences: boolean): Written {
  let [bytes, ms] = [0, 0];
  let base: string | undefined;
  for (const point of points) {
    const from = performance.now();
    const kept = keepIn(folder, point, asDifferences ? base : undefined);
    ms += performance.now() - from;
    bytes += kept.bytes;
    base = kept.base ?? kept.digest;
  }
  return { bytes: bytes / points.length, ms: ms / points.length };
}

/** A year of hours. */
async function pointsOfForecast(cacheDir: string): Promise<readonly Uint8Array[]> {
  const forecast = await builtTask('guest-tasks/forecast');
  const runtime = await createRuntime({ threads: 1, cacheDir });
  try {
    const { key } = await runtime.install(forecast.component, forecast.manifest.limits, { resumable: DEFAULT_POINTS });
    const hourly = Array.from({ length: HOURS }, (_, hour) => {
      return Math.round(40 + 60 * Math.exp(-(((hour % 24) - 19) ** 2) / 8) + ((hour * 7_919) % 31)) / 100;
    });
    const payload = JSON.stringify({ hourly, horizon: 48 });
    const request = requestOf(forecast, { key }, { topic: 'forecast/m/fit', captures: { meter: 'm' }, payload });
    const points: Uint8Array[] = [];
    const handle = runtime.begin(request, {
      everyMs: EVERY_MS,
      onPoint: (point) => {
        if (points.push(point) === POINTS) void handle.suspend();
      },
    });
    await handle.end;
    return points.slice(0, POINTS);
  } finally {
    await runtime.close();
  }
}

function textOf({ bytes, ms }: Written): string {
  return `${Math.round(bytes)} bytes, ${ms.toFixed(2)} ms`;
}
