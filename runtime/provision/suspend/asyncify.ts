/** The only importer of Binaryen, which is loaded to make a task resumable and for nothing else. */
import type binaryenTypes from 'binaryen';
import { KIND, moduleInfo } from '../wasm/module-info.js';
import { joinSections, SECTION, splitSections } from '../wasm/sections.js';
import { ACCESSES, accessType, lowerStack, STACK_MODULE } from './unwind-stack.js';

/** A function that may suspend the run when it is called, as (module, name). */
export type SuspendingImport = readonly [module: string, name: string];

/** Where the rewriting keeps what it needs to know: exported by every module it has rewritten. */
export const ASYNCIFY = {
  startUnwind: 'asyncify_start_unwind',
  stopUnwind: 'asyncify_stop_unwind',
  startRewind: 'asyncify_start_rewind',
  stopRewind: 'asyncify_stop_rewind',
} as const;

const REMOVE_UNUSED = 'remove-unused-module-elements';

/**
 * Rewrites a module so that a call of one of `suspending` can unwind all of its frames, and rewind them later.
 * One at a time in a process: Binaryen's settings are its own globals. After an error, it is not to be used again.
 * @throws whatever Binaryen gives up with.
 */
export async function asyncify(module: Uint8Array, suspending: readonly SuspendingImport[]): Promise<Uint8Array> {
  const { default: binaryen } = await import('binaryen');
  const { Features } = binaryen;
  // What Node 20 has, and a second memory, which is gone before anybody else sees it. `All` encodes what not every V8 reads.
  const features =
    Features.MutableGlobals |
    Features.SignExt |
    Features.NontrappingFPToInt |
    Features.BulkMemory |
    Features.BulkMemoryOpt |
    Features.Multivalue |
    Features.SIMD128 |
    Features.ReferenceTypes |
    Features.ExtendedConst |
    Features.MultiMemory;
  const read = (bytes: Uint8Array): InstanceType<typeof binaryen.Module> => {
    const parsed = binaryen.readBinary(bytes);
    // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- a set of flags, which the declaration calls one
    parsed.setFeatures(features);
    return parsed;
  };
  binaryen.setOptimizeLevel(2);
  binaryen.setShrinkLevel(0);
  // What may unwind is long: inlined, it would be there many times.
  binaryen.setAlwaysInlineMaxSize(0);
  binaryen.setFlexibleInlineMaxSize(0);
  binaryen.setOneCallerInlineMaxSize(0);
  // A table that nobody uses counts towards the memory of a run all the same, and that is not to change.
  if (!binaryen.hasPassToSkip(REMOVE_UNUSED)) binaryen.addPassToSkip(REMOVE_UNUSED);
  binaryen.setPassArgument('asyncify-imports', suspending.map((name) => name.join('.')).join(','));
  binaryen.setPassArgument('asyncify-in-secondary-memory', '1');
  binaryen.setPassArgument('asyncify-secondary-memory-size', '1');

  const rewritten = read(withoutCustomSections(module));
  rewritten.runPasses(['asyncify']);
  for (const access of ACCESSES) {
    const { params, results } = accessType(access);
    const type = (types: readonly number[]): number => binaryen.createType(types.map((each) => typeOf(binaryen, each)));
    rewritten.addFunctionImport(access.name, STACK_MODULE, access.name, type(params), type(results));
  }
  const withStack = rewritten.emitBinary();
  rewritten.dispose();

  const optimized = read(lowerStack(withStack, accessIndices(withStack)));
  optimized.optimize();
  const out = optimized.emitBinary();
  optimized.dispose();
  return out;
}

type Binaryen = typeof binaryenTypes;

function typeOf(binaryen: Binaryen, type: number): number {
  switch (type) {
    case 0x7f:
      return binaryen.i32;
    case 0x7e:
      return binaryen.i64;
    case 0x7d:
      return binaryen.f32;
    case 0x7c:
      return binaryen.f64;
    default:
      return binaryen.v128;
  }
}

/** The functions that stand for accesses, in the order of `ACCESSES`. */
function accessIndices(module: Uint8Array): number[] {
  const functions = moduleInfo(splitSections(module)).imports.filter(({ kind }) => kind === KIND.function);
  return ACCESSES.map((access) =>
    functions.findIndex(({ module: from, name }) => from === STACK_MODULE && name === access.name),
  );
}

/** Hints and names of code that will not be there any more. */
function withoutCustomSections(module: Uint8Array): Uint8Array {
  return joinSections(splitSections(module).filter(({ id }) => id !== SECTION.custom));
}
