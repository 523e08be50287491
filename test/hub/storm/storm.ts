/** A script of events, and lives of a hub that are cut short, on what the one before has left. */
import { join } from 'node:path';
import { Disk, type Loss } from './disk.js';
import type { Flaw } from './flaws.js';
import { live } from './life.js';
import { ModelBroker, type Sent } from './model-broker.js';
import { brokenPromises } from './verdict.js';

export interface Storm {
  /** A folder of its own. */
  readonly directory: string;
  readonly tasks: string;
  readonly events: readonly Sent[];
  /** For each life that is cut short, at which moment, and what is lost with it. */
  readonly cuts: readonly { readonly at: number; readonly loss: Loss }[];
  readonly flaw?: Flaw;
  /** Called in each turn of each life. */
  readonly turned?: (disk: Disk) => void;
}

export interface StormReport {
  readonly broken: readonly string[];
  /** Where each life stopped; shorter than the cuts when one came to rest before. */
  readonly stops: readonly string[];
  /** Moments of the last life. */
  readonly moments: number;
  /** Messages beyond the first of an effect. */
  readonly repeats: number;
}

export async function weather(storm: Storm): Promise<StormReport> {
  const { directory, tasks, events, flaw, turned } = storm;
  const broker = new ModelBroker();
  for (const event of events) broker.send(event);
  const stops: string[] = [];
  for (const [i, cut] of [...storm.cuts, { at: Infinity, loss: 'process' as const }].entries()) {
    const disk = new Disk(join(directory, `life-${i}`));
    const { stopped, counts, moments } = await live({
      disk,
      tasks,
      broker,
      flaw,
      name: `life-${i}`,
      stopAt: cut.at,
      loss: cut.loss,
      leaves: join(directory, `life-${i + 1}`),
      turned: () => turned?.(disk),
    });
    if (stopped !== undefined) {
      stops.push(`${stopped} (${cut.loss})`);
      continue;
    }
    const broken = brokenPromises({ sent: events, wire: broker.wire, counts });
    const repeats = broker.wire.length - new Set(broker.wire.map(({ id }) => id)).size;
    return { broken, stops, moments, repeats };
  }
  throw new Error('Cannot end a storm as its last life was cut');
}
