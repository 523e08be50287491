/**
 * Adapts jco's generated JavaScript to being compiled as a function body:
 * without module syntax, so that it can be forgotten again, and with two hooks
 * at each table of resource handles, so that an instance can be reset.
 */

/** What the adapted code calls with a closure that empties a handle table. */
export const RESET_HOOK = 'sterna:onReset';

/** The names that the adapted code takes as parameters. */
export const GLUE_PARAMETERS = ['globalThis'] as const;

const HANDLE_TABLE = /^( *)const handleTable(\d+) = \[T_FLAG, 0\];\n *handleTable\2\._createdReps = new Set\(\);$/gm;
const CAPTURE_TABLE = /^( *)const captureTable(\d+)= new Map\(\);\n *let captureCnt\2= 0;$/gm;

/** @throws Error when the code is not of the form that the pinned version of jco writes. */
export function adaptGlue(javascript: string): string {
  const tables = count(javascript, /const handleTable\d+ = /g);
  const captures = count(javascript, /const captureTable\d+ ?= /g);
  const code = javascript
    .replace(/^export function instantiate\(/m, 'function instantiate(')
    .replace(/^export const _util = /m, 'const _util = ')
    .replace(HANDLE_TABLE, (match, indent: string, n: string) =>
      [
        match,
        `${indent}imports['${RESET_HOOK}'](() => {`,
        `${indent}  handleTable${n}.length = 2; handleTable${n}[0] = T_FLAG; handleTable${n}[1] = 0;`,
        `${indent}  handleTable${n}._createdReps.clear();`,
        `${indent}});`,
      ].join('\n'),
    )
    .replace(CAPTURE_TABLE, (match, indent: string, n: string) =>
      [match, `${indent}imports['${RESET_HOOK}'](() => { captureTable${n}.clear(); captureCnt${n} = 0; });`].join('\n'),
    );
  const hooks = count(code, /imports\['sterna:onReset'\]\(/g);
  if (hooks !== tables + captures || !code.includes('function instantiate(') || /^(import|export) /m.test(code)) {
    throw new Error('the transpiler wrote JavaScript of an unknown form');
  }
  return `${code}\nreturn instantiate;\n`;
}

function count(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0;
}
