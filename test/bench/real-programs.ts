/** What counting fuel costs programs that others wrote: metered time over plain time. */
import { tuneEngine } from '../../runtime/engine.js';
import { compare } from './interleaved.js';
import { withMetering } from './metered-webassembly.js';
import { REAL_PROGRAMS } from './programs.js';
import type { Row } from './row.js';
import { geometricMean } from './statistics.js';

export async function realPrograms(): Promise<Row[]> {
  tuneEngine();
  const rows: Row[] = [];
  const ratios: number[] = [];
  for (const { name, load } of REAL_PROGRAMS) {
    const plain = await load();
    const metered = await withMetering(load);
    const { plainMs, meteredMs } = await compare(name, plain, metered);
    const ratio = meteredMs / plainMs;
    ratios.push(ratio);
    rows.push({
      measure: `programs: ${name}, metered / plain`,
      value: `${meteredMs.toFixed(2)} / ${plainMs.toFixed(2)} ms`,
      ratio,
    });
  }
  const value = `${REAL_PROGRAMS.length} programs`;
  rows.push({ measure: 'programs: geometric mean', value, ratio: geometricMean(ratios), aim: { most: 1.08 } });
  rows.push({ measure: 'programs: worst', value: '', ratio: Math.max(...ratios), aim: { most: 1.5 } });
  return rows;
}
