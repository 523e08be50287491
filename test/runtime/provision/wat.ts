/** Modules from their text, and their text from them. */
import wabtInit from 'wabt';

const wabt = await wabtInit();

const FEATURES = {
  bulk_memory: true,
  exceptions: true,
  extended_const: true,
  multi_value: true,
  mutable_globals: true,
  reference_types: true,
  sat_float_to_int: true,
  sign_extension: true,
  simd: true,
  tail_call: true,
} as const;

export function fromText(text: string): Uint8Array {
  const module = wabt.parseWat('test.wat', text, FEATURES);
  return module.toBinary({ write_debug_names: true }).buffer;
}

export function toText(module: Uint8Array): string {
  return wabt.readWasm(module, { ...FEATURES, readDebugNames: true }).toText({ foldExprs: false });
}
