/**
 * An independent count of executed instructions: the text of a module with an
 * addition in front of every instruction, and a cost table written by hand from
 * the published one, by names instead of opcodes.
 */
import wabtInit from 'wabt';

const wabt = await wabtInit();

const FEATURES = {
  bulk_memory: true,
  multi_value: true,
  mutable_globals: true,
  reference_types: true,
  sat_float_to_int: true,
  sign_extension: true,
  simd: true,
  exceptions: true,
} as const;

const FREE = new Set([
  'unreachable',
  'nop',
  'block',
  'loop',
  'else',
  'end',
  'try',
  'catch',
  'catch_all',
  'delegate',
  'drop',
]);
const EIGHT = /^(call_indirect|i(32|64)\.(div|rem)_[su]|f(32|64)\.(div|sqrt))$/;

/** The published cost of an instruction, by its name. */
function costOf(name: string): number {
  if (FREE.has(name)) return 0;
  if (EIGHT.test(name)) return 8;
  if (name === 'call') return 5;
  if (name === 'br_table') return 2;
  if (name === 'throw' || name === 'rethrow') return 2_000;
  if (name === 'memory.grow' || name === 'table.grow') return 500;
  if (/^(memory|table)\.(init|copy|fill)$/.test(name)) return 40;
  if (/^(v128|[if]\d+x\d+)\./.test(name)) return 2;
  return 1;
}

/** A module from its text. */
export function fromText(text: string): Uint8Array {
  const module = wabt.parseWat('test.wat', text, FEATURES);
  return module.toBinary({ write_debug_names: true }).buffer;
}

export function toText(module: Uint8Array): string {
  return wabt.readWasm(module, { ...FEATURES, readDebugNames: true }).toText({ foldExprs: false });
}

const INSTRUCTION = /^\s+([a-z][a-z0-9_.]*)\b(?!.*\(func)/;
const COUNTER = '$counted';

/** The same module with an exported i64 global `counted` that counts fuel one instruction at a time. */
export function counted(module: Uint8Array): Uint8Array {
  let inFunction = false;
  const lines = toText(module)
    .split('\n')
    .flatMap((line) => {
      if (line.startsWith('  (')) inFunction = line.startsWith('  (func');
      const name = INSTRUCTION.exec(line)?.[1];
      if (!inFunction || name === undefined || line.trimStart().startsWith('(')) return [line];
      const cost = costOf(name);
      return cost === 0 ? [line] : [`global.get ${COUNTER} i64.const ${cost} i64.add global.set ${COUNTER}`, line];
    });
  const text = lines.join('\n');
  const at = text.lastIndexOf(')');
  return fromText(`${text.slice(0, at)}(global ${COUNTER} (export "counted") (mut i64) (i64.const 0)))`);
}
