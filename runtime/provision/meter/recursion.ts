/** Which nodes of a graph lie on a cycle, and which can reach one. */

export interface Recursion {
  /** It can come back to itself. */
  readonly recursive: Uint8Array;
  /** It is recursive, or something it can reach is. */
  readonly reaches: Uint8Array;
}

/**
 * Tarjan's algorithm with a stack of its own: a chain of calls may be longer than ours.
 * @param edges by node, the nodes it leads to.
 */
export function findRecursion(edges: readonly (readonly number[])[]): Recursion {
  const count = edges.length;
  const recursive = new Uint8Array(count);
  const reaches = new Uint8Array(count);
  const order = new Int32Array(count); // 0 is not seen yet
  const low = new Int32Array(count);
  const onStack = new Uint8Array(count);
  const next = new Int32Array(count);
  const component: number[] = [];
  const path: number[] = [];
  let time = 0;

  const enter = (node: number): void => {
    order[node] = low[node] = ++time;
    onStack[node] = 1;
    component.push(node);
    path.push(node);
  };

  const leave = (node: number): void => {
    path.pop();
    const parent = path.at(-1);
    if (parent !== undefined) low[parent] = Math.min(low[parent] as number, low[node] as number);
    if (low[node] !== order[node]) return;
    // Everything that the component leads to outside of itself is settled already.
    const members = component.splice(component.lastIndexOf(node));
    const cyclic = members.length > 1 || (edges[node] as readonly number[]).includes(node);
    const leadsToCycle =
      cyclic || members.some((member) => (edges[member] as readonly number[]).some((to) => reaches[to] === 1));
    for (const member of members) {
      onStack[member] = 0;
      recursive[member] = cyclic ? 1 : 0;
      reaches[member] = leadsToCycle ? 1 : 0;
    }
  };

  for (let root = 0; root < count; root++) {
    if (order[root] !== 0) continue;
    enter(root);
    for (let node = path.at(-1); node !== undefined; node = path.at(-1)) {
      const to = (edges[node] as readonly number[])[next[node] as number];
      if (to === undefined) {
        leave(node);
        continue;
      }
      (next[node] as number)++;
      if (order[to] === 0) enter(to);
      else if (onStack[to] === 1) low[node] = Math.min(low[node] as number, order[to] as number);
    }
  }
  return { recursive, reaches };
}
