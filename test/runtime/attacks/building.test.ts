/** Components built to make preparing them slow or large are refused or prepared: the hub notices neither. */
import t from 'tap';
import { Attacked, isInstalled, MiB } from './attacked.js';
import { costsLittle, expectationOf, tryCase, type BuiltCase } from './built-case.js';
import { jumpTable, plain, withLocals } from './code.js';
import { withTypes } from './core-module.js';

t.setTimeout(120_000);

const CASES: Readonly<Record<string, BuiltCase>> = {
  'a jump table of a million labels': {
    shape: () => ({ functions: [plain(jumpTable(1_000_000))] }),
    refused: /does not validate.*br_table/i,
  },
  'thousands of functions with 50,000 locals': {
    shape: () => ({ functions: Array.from({ length: 3_000 }, () => withLocals(49_990)) }),
  },
  'a million types': { shape: () => ({ types: Array.from({ length: 999_990 }, () => [0x7f]) }), mayNeedTooMuch: true },
  'ten thousand types of a thousand parameters': {
    shape: () => ({ types: Array.from({ length: 10_000 }, () => new Uint8Array(1_000).fill(0x7f)) }),
  },
  'ten thousand exports': { shape: () => ({ exports: Array.from({ length: 10_000 }, (_, i) => `e${i}`) }) },
  'a million functions': {
    shape: () => ({ functions: Array.from({ length: 999_990 }, () => plain()) }),
    mayNeedTooMuch: true,
  },
  'data that begins with more memory than there may be': {
    shape: () => ({ pages: 65_536 }),
    refused: /begins with 4294967296 bytes/,
  },
  'the same megabyte of memory filled by 40 segments': {
    shape: () => ({ pages: 200, data: Array.from({ length: 40 }, () => ({ at: 0, bytes: new Uint8Array(MiB) })) }),
  },
  'a hundred thousand segments': {
    shape: () => ({ data: Array.from({ length: 99_990 }, () => ({ at: 0, bytes: new Uint8Array(1) })) }),
  },
};

for (const [what, built] of Object.entries(CASES)) {
  t.test(`${what}: ${expectationOf(built)}`, async (t) => {
    const attacked = await Attacked.start(t);
    await tryCase(t, attacked, built);
    attacked.close();
  });
}

t.test('types of a component that refer to one another 900,000 deep: refused or prepared', async (t) => {
  const attacked = await Attacked.start(t);
  for (const depth of [90, 10_000, 900_000]) {
    const component = await withTypes(depth);
    await costsLittle(t, attacked, 3 * component.length, async () => {
      const answer = await attacked.install(component);
      if (!isInstalled(answer)) t.match(answer, { code: /^(component-|provision-bound)/, message: /./ });
    });
  }
  attacked.close();
});
