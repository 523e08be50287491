/** What a task's source is called, by its language. */
export const ASSEMBLYSCRIPT_SOURCE = 'index.ts';
export const JAVASCRIPT_SOURCE = 'index.js';
/** A core module, made by whatever compiler of whatever language. */
export const CORE_MODULE = 'index.wasm';

export const SOURCE_FILES: readonly string[] = [ASSEMBLYSCRIPT_SOURCE, JAVASCRIPT_SOURCE, CORE_MODULE];
