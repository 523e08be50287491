/** Names for what V8 and the transpiler say of features that they do not have, in words of their own. */

const FEATURES: readonly (readonly [RegExp, string])[] = [
  [/\bwasm-gc\b|\bgc proposal\b|opcode 0xfb/i, 'garbage-collected types (GC)'],
  [/multiple memories|memory count of|multi-memory/i, 'several memories in a module (multi-memory)'],
  [/memory64|memory limits flags 0x[4-7]\b/i, '64-bit memories (memory64)'],
  [/relaxed.simd/i, 'relaxed SIMD'],
  [/\bexnref\b|exceptions proposal|opcode 0x(0a|1f)\b/i, 'exceptions (exnref)'],
  [/shared memory|shared flag|memory limits flags 0x[23]\b|\bthreads\b/i, 'shared memory (threads)'],
  [/function.references|opcode 0x1[45]\b/i, 'typed function references'],
  [/stack.switching/i, 'stack switching'],
];

/** The feature that a message is about, or undefined when it is about none that is known. */
export function missingFeature(message: string): string | undefined {
  return FEATURES.find(([said]) => said.test(message))?.[1];
}
