/** What preparing a component costs: a small one and one of 12 MB, the first in a process, the next, and from the cache. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Provisioner } from '../../runtime/provision/provisioner.js';
import { largeComponent } from '../runtime/attacks/large-component.js';
import { taskComponent } from '../runtime/wat-component.js';
import type { Row } from './row.js';
import { median } from './statistics.js';

const MiB = 1024 * 1024;
const OPTIONS = { memoryBytes: 16 * MiB };

const ROUNDS = 5;
/** Components that one process prepares, of each round. */
const NEXT = 6;

interface Times {
  readonly firstMs: number[];
  readonly nextMs: number[];
  readonly cachedMs: number[];
}

export async function provisioning(): Promise<Row[]> {
  let made = 0;
  const small = await times(NEXT, () => taskComponent({ fields: `(global i32 (i32.const ${made++}))` }));
  const large = await times(1, () => largeComponent(made++));
  return [...rows('a small component', small), ...rows('12 MB', large)];
}

function rows(what: string, { firstMs, nextMs, cachedMs }: Times): Row[] {
  const [first, next, cached] = [median(firstMs), median(nextMs), median(cachedMs)];
  return [
    { measure: `provisioning: ${what}, with a process to start`, value: `${first.toFixed(0)} ms` },
    {
      measure: `provisioning: ${what}, the next / with a process to start`,
      value: `${next.toFixed(0)} ms`,
      ratio: next / first,
    },
    { measure: `provisioning: ${what}, cached / the next`, value: `${cached.toFixed(1)} ms`, ratio: cached / next },
  ];
}

async function times(next: number, make: () => Promise<Uint8Array>): Promise<Times> {
  const all: Times = { firstMs: [], nextMs: [], cachedMs: [] };
  for (let round = 0; round < ROUNDS; round++) {
    const folder = await mkdtemp(path.join(tmpdir(), 'sterna-bench-'));
    const provisioner = new Provisioner(folder);
    const prepareMs = async (component: Uint8Array): Promise<number> => {
      const startedAt = performance.now();
      await provisioner.prepare(component, OPTIONS);
      return performance.now() - startedAt;
    };
    try {
      const first = await make();
      all.firstMs.push(await prepareMs(first));
      for (let i = 0; i < next; i++) all.nextMs.push(await prepareMs(await make()));
      all.cachedMs.push(await prepareMs(first));
    } finally {
      provisioner.close();
      await rm(folder, { recursive: true });
    }
  }
  return all;
}
