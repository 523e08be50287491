import { createHash } from 'node:crypto';
import t from 'tap';
import { Installations } from '../../provider/installations.js';
import type { ComponentStore } from '../../provider/components.js';
import { DEFAULT_LIMITS, type InstalledTask, type Limits } from '../../runtime/index.js';
import { ALL_ARE_KEPT } from './all-are-kept.js';

const COMPONENT = Buffer.from('component');
const DIGEST = createHash('sha256').update(COMPONENT).digest('hex');

t.test('what one hub gives its start functions does not fail those of another', async (t) => {
  const uses: number[] = [];
  const components = {
    read: () => Promise.resolve(COMPONENT),
    use: () => uses.push(1),
    release: () => uses.push(-1),
  } as unknown as ComponentStore;
  const runtime = {
    install: async (_: Uint8Array, { fuel }: Limits): Promise<InstalledTask> => {
      await new Promise((resolve) => setImmediate(resolve));
      if (fuel < 10) throw new Error('its start functions ran out of fuel');
      return { key: DIGEST, digest: DIGEST, imports: [], initialMemoryBytes: 0, startFuel: 5 };
    },
    uninstall: () => undefined,
  };
  const installations = new Installations(runtime, components, ALL_ARE_KEPT);
  const mean = installations.install({ digest: DIGEST, limits: { ...DEFAULT_LIMITS, fuel: 1 } });
  const fair = installations.install({ digest: DIGEST, limits: DEFAULT_LIMITS });
  await t.rejects(mean, /out of fuel/);
  (await fair).release();
  t.equal(
    uses.reduce((sum, use) => sum + use, 0),
    0,
    'and nothing stays in use',
  );
});
