/**
 * What V8's optimising compiler would need for each function.
 *
 * It keeps, for each place at which control splits or joins, a value for each
 * local: a function of 50 kB with 50,000 locals takes it 5 GB, on threads and
 * in memory of the hub that nothing bounds, as soon as the function is hot.
 * Loops alone cost it the square of their number.
 */
import { RUNTIME_BOUNDS } from '../limits.js';
import { ByteReader } from './wasm/bytes.js';
import { skipImmediates } from './wasm/instructions.js';
import { moduleInfo } from './wasm/module-info.js';
import { OP } from './wasm/opcodes.js';
import { SECTION, sectionBody, splitSections } from './wasm/sections.js';

/** @returns what is too much about a function, or undefined. */
export function optimizerFault(module: Uint8Array): string | undefined {
  const sections = splitSections(module);
  const code = sectionBody(sections, SECTION.code);
  if (code === undefined) return undefined;
  const { types, functions, importedFunctions } = moduleInfo(sections);
  const reader = new ByteReader(code);
  const end = importedFunctions + reader.u32();
  for (let index = importedFunctions; index < end; index++) {
    const params = types[functions[index] ?? -1]?.params.length ?? 0;
    const fault = functionFault(new ByteReader(reader.take(reader.u32())), params);
    if (fault !== undefined) return `function ${index} has ${fault}`;
  }
  return undefined;
}

function functionFault(body: ByteReader, params: number): string | undefined {
  const { functionBytes, functionBranches, functionLoops, functionLocalBranches } = RUNTIME_BOUNDS;
  if (body.end > functionBytes) return tooMany('bytes', body.end, functionBytes);
  let locals = params;
  for (let groups = body.u32(); groups > 0; groups--) {
    locals += body.u32();
    body.skip(1);
  }
  // A branch takes at least a byte, and a loop three: most functions are too short to need a count.
  const most = body.end - body.pos;
  if (most <= 3 * functionLoops && most * locals <= functionLocalBranches) return undefined;
  const { branches, loops } = countBranches(body);
  if (branches > functionBranches) return tooMany('branches', branches, functionBranches);
  if (loops > functionLoops) return tooMany('loops', loops, functionLoops);
  if (branches * locals > functionLocalBranches) {
    return `${locals} locals and ${branches} branches: their product may be at most ${functionLocalBranches}`;
  }
  return undefined;
}

function tooMany(what: string, count: number, most: number): string {
  return `${count} ${what}: at most ${most} are taken`;
}

function countBranches(body: ByteReader): { readonly branches: number; readonly loops: number } {
  let branches = 0;
  let loops = 0;
  while (!body.done) {
    const opcode = body.u8();
    switch (opcode) {
      case OP.brTable: {
        const labels = body.u32() + 1;
        branches += labels;
        for (let i = 0; i < labels; i++) body.skipLeb();
        continue;
      }
      case OP.loop:
        loops++;
        branches++;
        break;
      case OP.block:
      case OP.if:
      case OP.try:
      case OP.br:
      case OP.brIf:
        branches++;
        break;
      default:
    }
    skipImmediates(body, opcode);
  }
  return { branches, loops };
}
