import t from 'tap';
import { textTable } from '../../../hub/report/index.js';

t.test('amounts end below each other, and words begin below each other', async (t) => {
  const rows = [
    ['a', '1.50 MiB', 'runs', '3 out-of-fuel', '-'],
    ['long-name', '64.0 KiB', 'quarantined', '-', '12.3 k'],
  ];
  t.same(textTable(['task', 'memory', 'state', 'other outcomes', 'fuel'], rows), [
    'task          memory   state         other outcomes     fuel',
    '---------   --------   -----------   --------------   ------',
    'a           1.50 MiB   runs          3 out-of-fuel         -',
    'long-name   64.0 KiB   quarantined   -                12.3 k',
  ]);
});

t.test('a sentence at the end of a row stays below its title, however long another one is', async (t) => {
  const [header, rule = '', first] = textTable(
    ['task', 'why'],
    [
      ['a', 'it is short'],
      ['b', 'x'.repeat(300)],
    ],
  );
  t.equal(header, 'task   why');
  t.equal(first, 'a      it is short');
  t.ok(rule.length < 80);
});

t.test('a table without rows has its header', async (t) => {
  t.same(textTable(['task', 'runs'], []), ['task   runs', '----   ----']);
});
