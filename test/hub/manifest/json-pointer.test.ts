import t from 'tap';
import { parsePointer, valueAt } from '../../../hub/manifest/json-pointer.js';

t.test('a pointer finds what RFC 6901 says it does', (t) => {
  // Section 5 of the RFC.
  const document: unknown = JSON.parse(
    '{"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\\\j":5,"k\\"l":6," ":7,"m~n":8,"~1":9}',
  );
  const cases: readonly (readonly [string, unknown])[] = [
    ['', document],
    ['/foo', ['bar', 'baz']],
    ['/foo/0', 'bar'],
    ['/', 0],
    ['/a~1b', 1],
    ['/c%d', 2],
    ['/e^f', 3],
    ['/g|h', 4],
    ['/i\\j', 5],
    ['/k"l', 6],
    ['/ ', 7],
    ['/m~0n', 8],
    ['/~01', 9],
    ['/foo/00', undefined],
    ['/foo/-', undefined],
    ['/foo/2', undefined],
    ['/foo/0/0', undefined],
    ['/bar', undefined],
  ];
  for (const [text, expected] of cases) {
    const parsed = parsePointer(text);
    if (parsed.ok) t.same(valueAt(document, parsed.pointer), expected, text);
    else t.fail(`${text}: ${parsed.fault}`);
  }
  t.end();
});

t.test('what is no pointer is refused', (t) => {
  for (const text of ['foo', '#/foo', '/a~', '/a~2']) t.equal(parsePointer(text).ok, false, text);
  t.end();
});
