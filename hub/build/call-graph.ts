/** Which functions of a module call which, read from the text that Binaryen prints. */

/** A function's name -> the names of those it calls. */
export type CallGraph = ReadonlyMap<string, readonly string[]>;

/** A name as Binaryen prints it: plain, or quoted when it has a character that identifiers may not. */
const NAME = String.raw`\$(?:"((?:[^"\\]|\\.)*)"|([^\s()]+))`;
/** Data segments, whose text may look like anything, are printed before the first function. */
const FUNCTION_OR_CALL = new RegExp(String.raw`^ \(func ${NAME}|\((?:return_)?call ${NAME}`, 'gm');

/** Calls through a table are left out: no optimizer inlines what it does not know. */
export function callGraphOf(moduleText: string): CallGraph {
  const graph = new Map<string, string[]>();
  let calls: string[] = [];
  for (const [, quotedFunction, plainFunction, quotedCall, plainCall] of moduleText.matchAll(FUNCTION_OR_CALL)) {
    const name = plainFunction ?? unquoted(quotedFunction);
    const callee = plainCall ?? unquoted(quotedCall);
    if (name !== undefined) graph.set(name, (calls = []));
    else if (callee !== undefined) calls.push(callee);
  }
  return graph;
}

/** In quotes, a byte that is not a plain letter is printed as a backslash and two hex digits. */
function unquoted(name: string | undefined): string | undefined {
  if (name === undefined || !name.includes('\\')) return name;
  const bytes = name.replaceAll(/\\([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

interface Visit {
  readonly name: string;
  readonly callees: Iterator<string>;
}

function nextOf({ callees }: Visit): string | undefined {
  const next = callees.next();
  return next.done === true ? undefined : next.value;
}

/**
 * The functions that can come to call themselves, directly or by way of
 * others: those in a cycle of the graph, by Tarjan's algorithm. It keeps a
 * stack of its own, as calls in a module may be nested deeper than the engine's.
 */
export function recursiveFunctions(graph: CallGraph): ReadonlySet<string> {
  const recursive = new Set<string>();
  /** When each was first seen, and the earliest seen that it reaches. */
  const seen = new Map<string, number>();
  const reaches = new Map<string, number>();
  const open: string[] = [];
  const isOpen = new Set<string>();
  const visits: Visit[] = [];

  const enter = (name: string): void => {
    reaches.set(name, seen.size);
    seen.set(name, seen.size);
    open.push(name);
    isOpen.add(name);
    visits.push({ name, callees: (graph.get(name) ?? []).values() });
  };
  const lower = (name: string, to: number | undefined): void => {
    reaches.set(name, Math.min(reaches.get(name) ?? Infinity, to ?? Infinity));
  };
  const leave = (name: string): void => {
    if (reaches.get(name) !== seen.get(name)) return;
    const members = open.splice(open.lastIndexOf(name));
    const isCycle = members.length > 1 || (graph.get(name) ?? []).includes(name);
    for (const member of members) {
      isOpen.delete(member);
      if (isCycle) recursive.add(member);
    }
  };

  for (const root of graph.keys()) {
    if (!seen.has(root)) enter(root);
    for (let visit = visits.at(-1); visit !== undefined; visit = visits.at(-1)) {
      const callee = nextOf(visit);
      if (callee === undefined) {
        visits.pop();
        leave(visit.name);
        const caller = visits.at(-1);
        if (caller !== undefined) lower(caller.name, reaches.get(visit.name));
      } else if (!seen.has(callee)) enter(callee);
      else if (isOpen.has(callee)) lower(visit.name, seen.get(callee));
    }
  }
  return recursive;
}
