import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { KeptComponents } from '../../../hub/deployments/kept-components.js';

const [A, B, C] = ['a', 'b', 'c'].map((letter) => letter.repeat(64)) as [string, string, string];
const DAY_MS = 24 * 3_600_000;

function kept(t: Test): { components: KeptComponents; dir: string; clock: { nowMs: number } } {
  const dir = join(t.testdir({}), 'kept');
  const clock = { nowMs: Date.UTC(2026, 10, 21) };
  return {
    components: new KeptComponents({ dir, ageMs: 7 * DAY_MS, bytes: 100, clock: () => clock.nowMs }),
    dir,
    clock,
  };
}

t.test('a component is found by its digest, deployed or not, as long as records may name it', async (t) => {
  const { components, dir, clock } = kept(t);
  await components.retireAllBut(new Set());
  await components.keep(A, Buffer.from('a'));
  await components.keep(B, Buffer.from('b'));
  t.strictSame(Buffer.from((await components.find(A)) ?? []), Buffer.from('a'));
  t.equal(await components.find(C), undefined);
  t.equal(await components.find('../identity'), undefined);

  // It was deployed for longer than anything is kept: what counts is when that ended.
  clock.nowMs += 30 * DAY_MS;
  await components.retireAllBut(new Set([B]));
  clock.nowMs += 6 * DAY_MS;
  await components.retireAllBut(new Set([B]));
  t.ok(await components.find(A));
  clock.nowMs += 2 * DAY_MS;
  await components.retireAllBut(new Set([B]));
  t.equal(await components.find(A), undefined);
  t.ok(await components.find(B));
  t.strictSame(readdirSync(dir), [`${B}.wasm`]);
});

t.test('a component that is deployed again is not retired any more', async (t) => {
  const { components, clock } = kept(t);
  await components.keep(A, Buffer.from('a'));
  await components.retireAllBut(new Set());
  clock.nowMs += 6 * DAY_MS;
  await components.keep(A, Buffer.from('a'));
  clock.nowMs += 6 * DAY_MS;
  await components.retireAllBut(new Set([A]));
  t.ok(await components.find(A));
});

t.test('beyond their bound those go first that were retired first, and nothing half written stays', async (t) => {
  const { components, dir, clock } = kept(t);
  for (const digest of [A, B, C]) {
    await components.keep(digest, new Uint8Array(50));
    await components.retireAllBut(new Set());
    clock.nowMs += 1_000;
  }
  writeFileSync(join(dir, `${'d'.repeat(64)}.wasm.new`), 'half');
  await components.retireAllBut(new Set());
  t.strictSame(readdirSync(dir).toSorted(), [`${B}.retired.wasm`, `${C}.retired.wasm`]);
});
