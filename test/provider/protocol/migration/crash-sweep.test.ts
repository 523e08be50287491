/** A short run that moves there and back, and each side crashed wherever it can be, one after the other. */
import t from 'tap';
import { inThread } from './in-thread.js';

t.setTimeout(120_000);

for (const mode of ['synchronous', 'asynchronous'] as const) {
  for (const responsible of ['hub', 'provider'] as const) {
    t.test(`a crash at any word of a ${mode} migration, the ${responsible} responsible, changes nothing`, async (t) => {
      const { calm, needed, crashes, broken } = await inThread('sweep', { mode, responsible });
      t.equal(calm.broken, undefined);
      t.equal(calm.moves, 3);
      t.equal(calm.steps, needed, 'nothing is executed twice while there is a link');
      t.ok(crashes > 200, `${crashes} crashes`);
      if (broken !== undefined) t.comment([broken.crash, ...broken.trace.slice(-100)].join('\n'));
      t.equal(broken?.what, undefined);
    });
  }
}

t.test('it is found out when a stub is kept after it was said', async (t) => {
  const flaw = 'a stub is kept after it was said';
  const { calm, broken } = await inThread('sweep', { mode: 'synchronous', responsible: 'provider', flaw });
  t.equal(calm.broken, undefined, 'it is as good as any while nothing crashes');
  t.comment(`${broken?.crash}: ${broken?.what}`);
  t.not(broken, undefined);
});
