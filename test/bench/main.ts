/**
 * `npm run bench [-- name...]`: one table of numbers and ratios, each ratio measured within this run.
 *
 * Nothing passes or fails by it. Absolute times are the machine's; ratios are what to compare.
 */
import { arch, availableParallelism, cpus } from 'node:os';
import { durable } from './durable.js';
import { endToEnd } from './end-to-end.js';
import { eventCost } from './event-cost.js';
import { fuelOverhead } from './fuel-overhead.js';
import { fuelPerTime } from './fuel-per-time.js';
import { manyTasks } from './many-tasks.js';
import { meteringSpeed } from './metering-speed.js';
import { migration } from './migration.js';
import { parking } from './parking.js';
import { placement } from './placement.js';
import { poolRate } from './pool-rate.js';
import { provisioning } from './provisioning.js';
import { realPrograms } from './real-programs.js';
import { recordCost } from './record-cost.js';
import { remote } from './remote.js';
import type { Row } from './row.js';
import { stopping } from './stopping.js';
import { suspending } from './suspending.js';
import { table } from './table.js';

const PARTS: Readonly<Record<string, () => Promise<readonly Row[]>>> = {
  fuel: fuelOverhead,
  costs: fuelPerTime,
  programs: realPrograms,
  metering: meteringSpeed,
  event: eventCost,
  pool: poolRate,
  tasks: manyTasks,
  provisioning,
  stopping,
  remote,
  placement,
  records: recordCost,
  suspend: suspending,
  parking,
  migration,
  'end-to-end': endToEnd,
  durable,
};

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(PARTS);
const rows: Row[] = [];
for (const name of names) {
  const part = PARTS[name];
  if (part === undefined) {
    throw new Error(`There is no benchmark "${name}": choose from ${Object.keys(PARTS).join(', ')}`);
  }
  console.error(`measuring: ${name}`);
  rows.push(...(await part()));
}
console.log(`Node ${process.version}, ${arch()}, ${availableParallelism()} x ${cpus()[0]?.model ?? 'unknown'}`);
console.log(table(rows));
