import { createLog } from '../../../hub/log.js';
import { parseApp, Placement } from '../../../hub/placement/index.js';
import { openState } from '../../../hub/store/reader.js';
import { monotonicTimer } from '../../../hub/timer.js';
import { newSigningKey } from '../../../provider/protocol/index.js';

type Options = ConstructorParameters<typeof Placement>[0];

/** A placement by an application of these lines of app.toml, besides its name. The rest is as in a real hub where it is not given. */
export function placementBy(app: string, options: Partial<Options> & Pick<Options, 'providers'>): Placement {
  const parsed = parseApp(`name = "test"\n${app}`, 'app.toml');
  if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
  return new Placement({
    app: parsed.app,
    conditions: { onBattery: false, metered: false },
    key: newSigningKey(),
    hubName: 'test',
    openState,
    timer: monotonicTimer,
    clock: Date.now,
    random: Math.random,
    log: createLog('silent'),
    ...options,
  });
}
