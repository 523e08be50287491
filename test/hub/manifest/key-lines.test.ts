import t from 'tap';
import { keyLines } from '../../../hub/manifest/key-lines.js';

const SOURCE = `# a comment = 1
name = "a # b" # not a comment in the text
"quoted key" = 'x = 1'
dotted.key = 2
long = """
fake = 1
\\""" still inside """
raw = '''
it's = 2 '''
after = [
  1, # one ]
  "two",
  { in = "line", side = [3,
    4] },
]

[limits]
fuel = 1
[[trigger]]
topic = "a"

  [[trigger]]
  topic = "b"
[trigger.sub]
deep = 1
[a.b]
c = 1
`;

t.test('each key is found on its line', (t) => {
  const lineOf = keyLines(SOURCE);
  const expected: readonly [readonly (string | number)[], number][] = [
    [['name'], 2],
    [['quoted key'], 3],
    [['dotted'], 4],
    [['dotted', 'key'], 4],
    [['long'], 5],
    [['raw'], 8],
    [['after'], 10],
    [['after', 0], 11],
    [['after', 1], 12],
    [['after', 2, 'in'], 13],
    [['after', 2, 'side', 1], 14],
    [['limits', 'fuel'], 18],
    [['trigger', 0, 'topic'], 20],
    [['trigger', 1], 22],
    [['trigger', 1, 'topic'], 23],
    [['trigger', 1, 'sub', 'deep'], 25],
    [['a', 'b', 'c'], 27],
  ];
  for (const [path, line] of expected) t.equal(lineOf(path), line, path.join('.'));
  t.end();
});

t.test('a key that is not there has the line of the table around it', (t) => {
  const lineOf = keyLines(SOURCE);
  t.equal(lineOf(['limits', 'memory']), 17);
  t.equal(lineOf(['trigger', 1, 'qos']), 22);
  t.equal(lineOf(['version']), 1);
  t.equal(keyLines('')(['x']), 1);
  t.end();
});

t.test('texts inside texts name no keys', (t) => {
  const lineOf = keyLines(SOURCE);
  t.equal(lineOf(['fake']), 1);
  t.equal(lineOf(['x']), 1);
  t.end();
});

t.test('a text that is no TOML ends the search too', (t) => {
  for (const broken of ['[', '[[', 'a', 'a =', 'a = [', 'a = {', 'a = "', '= 1', ']', 'a = [[{', '"""', 'a = {b']) {
    t.type(keyLines(broken)(['a']), 'number', broken);
  }
  t.end();
});
