/**
 * How each function of a module gets and hands on what is counted.
 *
 * A *threaded* function takes the fuel as a further parameter and gives it back
 * as a further result, so that it stays in a register across calls: the same
 * through a global costs a load that waits for the store before it at every
 * call. It can only be called from inside the module. A *plain* function keeps
 * its type: it reads the global on entry and writes it when it leaves. What is
 * called from inside and can be reached from outside is threaded and has a
 * *door*: a plain function that calls it. Where exceptions may leave through a
 * function, it has a door as well, which puts the depth back as they pass.
 *
 * Calls nest only as deep as `CALL_STACK_BYTES`, counted where a function can
 * come back to itself. How deep that is left is handed down like the fuel, to
 * every function from which such a function can be reached.
 */
import { KIND, type ModuleInfo } from '../wasm/module-info.js';
import { FRAME_BYTES, LOCAL_BYTES, VECTOR_LOCAL_BYTES } from './costs.js';
import { findRecursion } from './recursion.js';
import type { Survey, Surveyed } from './survey.js';

export interface Convention {
  readonly threaded: boolean;
  /** It is handed how deep calls may still nest. */
  readonly takesDepth: boolean;
  /** What a call of it takes from that; 0 where it cannot come back to itself. */
  readonly frameBytes: number;
  /** It looks at its fuel before anything else. */
  readonly checksOnEntry: boolean;
}

export interface Conventions {
  /** By function index, imported ones first. */
  readonly functions: readonly Convention[];
  /** Functions that have doors, in the order of the doors. */
  readonly doors: readonly number[];
}

/** V8's bounds: kV8MaxWasmFunctionParams and kV8MaxWasmFunctionReturns in wasm-limits.h. */
const MAX_PARAMS = 1_000;
const MAX_RESULTS = 1_000;

/** What may be added to a function's parameters. */
const MOST_ADDED_PARAMS = 2;

const V128 = 0x7b;

const IMPORTED: Convention = { threaded: false, takesDepth: false, frameBytes: 0, checksOnEntry: false };

/**
 * @param reachable functions that can be called from outside: through an export, a table or a reference.
 * @param unwinds calls may be left by an exception, which loses what is in registers.
 */
export function chooseConventions(
  info: ModuleInfo,
  surveyed: Survey,
  reachable: ReadonlySet<number>,
  unwinds: boolean,
): Conventions {
  const { recursive, reaches } = findRecursion(callGraph(info, surveyed, reachable));
  const called = calledDirectly(surveyed);
  // A tail call needs a callee of the caller's own results.
  const mayThread = !unwinds && !surveyed.tailCalls;
  const functions: Convention[] = Array.from({ length: info.importedFunctions }, () => IMPORTED);
  const doors: number[] = [];
  const shared = sharing();
  for (const [i, each] of surveyed.functions.entries()) {
    const index = info.importedFunctions + i;
    const outside = reachable.has(index);
    const threaded = mayThread && (!outside || called.has(index)) && fits(info, index);
    const takesDepth = reaches[i] === 1;
    if (outside && (threaded || (unwinds && takesDepth))) doors.push(index);
    functions.push(
      shared({
        threaded,
        takesDepth,
        frameBytes: recursive[i] === 1 ? frameBytes(info, index, each) : 0,
        checksOnEntry: each.calls,
      }),
    );
  }
  return { functions, doors };
}

/** One object for all functions alike: there may be a million. */
function sharing(): (convention: Convention) => Convention {
  const known = new Map<string, Convention>();
  return (convention) => {
    const key = Object.values(convention).join();
    const same = known.get(key) ?? convention;
    known.set(key, same);
    return same;
  };
}

/** Functions that can be reached without a direct call. */
export function reachableFromOutside(info: ModuleInfo, referenced: Iterable<number>): Set<number> {
  const reachable = new Set(referenced);
  for (const { kind, index } of info.exports) if (kind === KIND.function) reachable.add(index);
  if (info.start !== undefined) reachable.add(info.start);
  return reachable;
}

/** The module's own functions, and behind them one node for everything outside. */
function callGraph(info: ModuleInfo, { functions }: Survey, reachable: ReadonlySet<number>): (readonly number[])[] {
  const outside = functions.length;
  const own = (index: number): number => (index < info.importedFunctions ? outside : index - info.importedFunctions);
  const edges: (readonly number[])[] = functions.map(({ callees, indirect }) => {
    if (callees.length === 0) return indirect ? [outside] : callees;
    const to = callees.map(own);
    return indirect ? [...to, outside] : to;
  });
  edges.push([...reachable].filter((index) => index >= info.importedFunctions).map(own));
  return edges;
}

function calledDirectly({ functions }: Survey): Set<number> {
  const called = new Set<number>();
  for (const { callees } of functions) for (const callee of callees) called.add(callee);
  return called;
}

function fits(info: ModuleInfo, index: number): boolean {
  const type = info.types[info.functions[index] as number];
  return (
    type !== undefined && type.params.length + MOST_ADDED_PARAMS <= MAX_PARAMS && type.results.length < MAX_RESULTS
  );
}

function frameBytes(info: ModuleInfo, index: number, { locals }: Surveyed): number {
  const params = info.types[info.functions[index] as number]?.params ?? [];
  let bytes = FRAME_BYTES;
  for (const type of params) bytes += type === V128 ? VECTOR_LOCAL_BYTES : LOCAL_BYTES;
  for (const [count, type] of locals) bytes += count * (type === V128 ? VECTOR_LOCAL_BYTES : LOCAL_BYTES);
  return bytes;
}
