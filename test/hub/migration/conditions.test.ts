/** What the hub is under reaches runs that are away. */
import t from 'tap';
import type { Terms } from '../../../provider/protocol/migration/index.js';
import { until } from '../../runtime/eventually.js';
import { sceneThere } from './scene.js';

t.setTimeout(120_000);

/** Turns of the loop: just below the task's limit of fuel, and longer than this file takes. */
const ENDLESS = '10000000000';

t.test('a hub that is to be spared leaves to the provider a run that is there already', async (t) => {
  const terms: { -readonly [Key in keyof Terms]?: Terms[Key] } = { isForHere: true, reclaimMs: 60_000 };
  const { hub, run } = await sceneThere(t, terms, ENDLESS);
  const { migrations } = hub.hub;
  const responsible = (side: string): Promise<unknown> =>
    until(`the ${side} is responsible`, 20_000, () => migrations.of(run)?.responsible === side);
  await responsible('hub');
  terms.sparesHub = true;
  migrations.adapted();
  await responsible('provider');
  t.match(migrations.of(run)?.why, /as the hub is on battery or hot/);
  terms.isUrgent = true;
  migrations.adapted();
  await responsible('hub');
  t.match(migrations.of(run)?.why, /as devices there wait for the effects/);
  t.ok(migrations.cancel(run), 'it goes on still');
});
