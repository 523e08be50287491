import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import type { Logger } from '../log.js';
import { parseApp, Placement } from '../placement/index.js';
import { hubKey, savedProviders } from '../session/index.js';
import { openState } from '../store/reader.js';
import { monotonicTimer } from '../timer.js';

/** What an app.toml and the hub's providers come to. @throws Error naming what is wrong with either. */
export async function placementOf(file: string, dataDir: string, log: Logger): Promise<Placement> {
  const parsed = parseApp(await readFile(file, 'utf8'), file);
  if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
  return new Placement({
    app: parsed.app,
    conditions: { onBattery: false, metered: false },
    providers: await savedProviders(dataDir),
    key: await hubKey(dataDir),
    hubName: hostname(),
    openState,
    timer: monotonicTimer,
    clock: Date.now,
    random: Math.random,
    log,
  });
}
