import t from 'tap';
import { callGraphOf, recursiveFunctions } from '../../../hub/build/call-graph.js';

t.test('functions are read with what they call, whatever their names look like', async (t) => {
  const text = String.raw`(module
 (import "env" "f" (func $imported))
 (data $0 (i32.const 8) "(call $not-a-call)")
 (func $a/plain (param $0 i32)
  (call $imported)
  (return_call $"b/Map<i32,i32>"
   (call $"c\c3\a9 x")
  )
 )
 (func $"b/Map<i32,i32>"
  (call_indirect (type $t) (i32.const 0))
 )
 (func $"c\c3\a9 x"
  (nop)
 )
)`;
  t.same(
    [...callGraphOf(text)],
    [
      ['a/plain', ['imported', 'b/Map<i32,i32>', 'cé x']],
      ['b/Map<i32,i32>', []],
      ['cé x', []],
    ],
  );
});

function recursiveOf(graph: Readonly<Record<string, readonly string[]>>): readonly string[] {
  return [...recursiveFunctions(new Map(Object.entries(graph)))].toSorted();
}

t.test('a function is recursive when calls can lead back to it, and only then', async (t) => {
  t.same(recursiveOf({ a: ['b', 'b'], b: ['c', 'imported'], c: [] }), []);
  t.same(recursiveOf({ a: ['a'], b: ['a'] }), ['a']);
  t.same(recursiveOf({ a: ['b'], b: ['c'], c: ['b', 'd'], d: [] }), ['b', 'c']);
  const between = { a: ['b'], b: ['a', 'bridge'], bridge: ['c'], c: ['d'], d: ['c'] };
  t.same(recursiveOf(between), ['a', 'b', 'c', 'd'], 'what lies between two cycles is in none');
  t.same(recursiveOf({ a: ['b', 'c'], b: ['d'], c: ['d'], d: ['a'] }), ['a', 'b', 'c', 'd']);
});

t.test('a long chain of calls does not exhaust the stack', async (t) => {
  const length = 100_000;
  const graph = new Map<string, string[]>();
  for (let i = 0; i < length; i++) graph.set(`f${i}`, [`f${(i + 1) % length}`]);
  t.equal(recursiveFunctions(graph).size, length);
});
