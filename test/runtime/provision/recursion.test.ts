import t from 'tap';
import { findRecursion } from '../../../runtime/provision/meter/recursion.js';

/** What a graph says: "recursive" and "reaches", as lists of nodes. */
function found(edges: readonly (readonly number[])[]): { recursive: number[]; reaches: number[] } {
  const { recursive, reaches } = findRecursion(edges);
  const nodes = (flags: Uint8Array): number[] => [...flags.keys()].filter((node) => flags[node] === 1);
  return { recursive: nodes(recursive), reaches: nodes(reaches) };
}

/** The same, by asking of each node whether it can come back. */
function expected(edges: readonly (readonly number[])[]): { recursive: number[]; reaches: number[] } {
  const from = edges.map((_, start) => {
    const seen = new Set<number>();
    const open = [...(edges[start] ?? [])];
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      if (seen.has(node)) continue;
      seen.add(node);
      open.push(...(edges[node] ?? []));
    }
    return seen;
  });
  const recursive = [...edges.keys()].filter((node) => from[node]?.has(node));
  const reaches = [...edges.keys()].filter((node) => recursive.some((to) => to === node || from[node]?.has(to)));
  return { recursive, reaches };
}

void t.test('what can come back to itself is recursive, and its callers reach it', (t) => {
  t.same(found([[1], [2], []]), { recursive: [], reaches: [] }, 'a chain');
  t.same(found([[0]]), { recursive: [0], reaches: [0] }, 'a node that leads to itself');
  t.same(found([[1], [2], [1], []]), { recursive: [1, 2], reaches: [0, 1, 2] }, 'a caller of two that call each other');
  t.same(found([[1, 2], [], [3], [2, 1]]), { recursive: [2, 3], reaches: [0, 2, 3] }, 'a cycle behind a diamond');
  t.end();
});

void t.test('it agrees with asking each node, over small random graphs', (t) => {
  let state = 1;
  const below = (count: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 16) % count;
  };
  for (let round = 0; round < 500; round++) {
    const size = 1 + below(9);
    const edges = Array.from({ length: size }, () => Array.from({ length: below(3) }, () => below(size)));
    t.same(found(edges), expected(edges), JSON.stringify(edges));
  }
  t.end();
});

void t.test('a chain of a million calls does not exhaust the stack', (t) => {
  const length = 1_000_000;
  const edges = Array.from({ length }, (_, i) => (i + 1 < length ? [i + 1] : []));
  t.same(found(edges), { recursive: [], reaches: [] });
  t.end();
});
