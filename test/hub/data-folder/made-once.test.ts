/** Files that a hub makes at its first start, whenever it is killed. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { madeOnce } from '../../../hub/data-folder/made-once.js';

t.test('a file is made once, also by several at a time, and nothing else is left', async (t) => {
  const dir = t.testdir({});
  let made = 0;
  const make = (): string => `text ${made++}`;
  const texts = await Promise.all(Array.from({ length: 20 }, () => madeOnce(dir, 'name', make)));
  t.equal(new Set(texts).size, 1, 'all have the same');
  t.equal(await madeOnce(dir, 'name', make), texts[0]);
  t.strictSame(readdirSync(dir), ['name']);
  t.equal(readFileSync(join(dir, 'name'), 'utf8'), `${texts[0]}\n`);
});

t.test('what a kill has left half made is not taken for it', async (t) => {
  const dir = t.testdir({});
  writeFileSync(join(dir, '.name-0'), '');
  t.equal(await madeOnce(dir, 'name', () => 'text'), 'text');
});
