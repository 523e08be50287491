/**
 * What `npm start` runs: installs and builds what is missing, then shows a
 * hub with its own broker, a simulated home and one task that misbehaves.
 *
 *   npm start                     until Ctrl-C
 *   npm start -- --for 20s        ends by itself
 *   npm start -- --speed 300 --rooms 8 --seed 7
 *
 * Plain JavaScript with only Node's own modules: on a fresh machine there is nothing else yet.
 */
import { dirname, join } from 'node:path';
import { GUESTS, ROGUE } from './start/places.mjs';
import { buildTasks, compile, installPackages, requireNode, taskFolders } from './start/prepare.mjs';
import { heedSignals, Plain, stopping } from './start/programs.mjs';
import { show } from './start/show.mjs';

/** Rooms and speed at which something happens every moment, and a person can still follow. */
const HOME = { rooms: '4', speed: '60', seed: '1' };

heedSignals();
try {
  const flags = flagsFrom(process.argv.slice(2));
  requireNode();
  await installPackages();
  await compile();
  await buildTasks(shownTasks());
  process.exitCode = await show(flags);
} catch (error) {
  if (!(error instanceof Plain)) throw error;
  process.stderr.write(`npm start: ${error.message}\n`);
  process.exitCode = stopping() ? 130 : 1;
}

/** Those that the hub is given: not what is grouped further down, except for the rogue that is shown. */
function shownTasks() {
  return taskFolders().filter((folder) => dirname(folder) === GUESTS || folder === join(GUESTS, 'rogue', ROGUE));
}

function flagsFrom(args) {
  const flags = { ...HOME };
  for (let i = 0; i < args.length; i += 2) {
    const [name, value] = [args[i]?.replace(/^--/, ''), args[i + 1]];
    const known = args[i]?.startsWith('--') && ['for', 'rooms', 'speed', 'seed'].includes(name);
    if (!known || value === undefined) {
      throw new Plain(`"${args[i]}" is not understood: npm start -- [--for 20s] [--rooms 4] [--speed 60] [--seed 1]`);
    }
    flags[name] = value;
  }
  if (flags.for !== undefined && !/^\d+(\.\d+)?\s?(ms|s|min|h)$/.test(flags.for)) {
    throw new Plain(`--for takes a time such as 20s or 5min: it is "${flags.for}"`);
  }
  return flags;
}
