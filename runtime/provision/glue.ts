/**
 * Adapts jco's generated JavaScript.
 *
 * What it does well is kept: which core module is instantiated with which
 * functions of which other. Its lifting and lowering are replaced by ours (see
 * `worker/abi/`): host functions just before the first core instance is made,
 * the handler just before the exports are handed out. And it loses its module
 * syntax, so that it can be compiled as a function body and forgotten again.
 */
import { HANDLER } from './offered.js';

/** What the adapted code finds its surroundings under, in its `imports`. */
export const HOST_HOOKS = 'sterna:host';

/** The names that the adapted code takes as parameters. */
export const GLUE_PARAMETERS = ['globalThis'] as const;

/** @throws Error when the code is not of the form that the pinned version of jco writes. */
export function adaptGlue(javascript: string): string {
  const code = javascript
    .replace(/^export function instantiate\(/m, 'function instantiate(')
    .replace(/^export const _util = /m, 'const _util = ');
  if (!code.includes('function instantiate(') || /^(import|export) /m.test(code)) throw unknownForm('module syntax');
  const hooked = insertBefore(code, /^ *\(\{ exports: exports0 \} = instantiateCore\(/m, [
    ...loweredImports(code),
    ...droppedResources(code),
  ]);
  return `${insertBefore(hooked, /^ *return \{ handler: /m, [liftedHandler(code)])}\nreturn instantiate;\n`;
}

/** `_trampolineN` does what an import is to do; `trampolineN` is what the guest calls. */
function loweredImports(code: string): string[] {
  return [...code.matchAll(/^ *_trampoline(\d+)\.fnName = '([^']+)';$/gm)].map(([, n = '', name = '']) => {
    const block = new RegExp(`^ *let trampoline${n} = [^]*?^ *\\);$`, 'm').exec(code)?.[0];
    if (block === undefined) throw unknownForm(`no trampoline for ${name}`);
    const encoding = encodingOf(/stringEncoding: '([^']+)'/.exec(block)?.[1]);
    const memory = /getMemoryFn: (\(\) => \w+)/.exec(block)?.[1] ?? '() => undefined';
    const realloc = /getReallocFn: (\(\) => \w+)/.exec(block)?.[1] ?? '() => undefined';
    const plainName = name.replace(/\$\d+$/, '');
    return `trampoline${n} = imports['${HOST_HOOKS}'].lower('${plainName}', { encoding: '${encoding}', memory: ${memory}, realloc: ${realloc} });`;
  });
}

function droppedResources(code: string): string[] {
  const drops = [
    ...code.matchAll(/^ *function (trampoline\d+)\(handle\) \{\n *const handleEntry = rscTableRemove\(/gm),
  ];
  return drops.map(([, name]) => `${name} = (handle) => imports['${HOST_HOOKS}'].drop(handle);`);
}

function liftedHandler(code: string): string {
  const call = new RegExp(`^ *(\\w+) = exports\\d+\\['${escaped(HANDLER)}#handle-message'\\];$`, 'm').exec(code)?.[1];
  const stored = /_(utf8|utf16)AllocateAndEncode\(v0_0, (\w+), (\w+)\)/.exec(code);
  if (call === undefined || stored === null) throw unknownForm(`no ${HANDLER}`);
  const [, encoding, realloc, memory] = stored;
  const postReturn = new RegExp(
    `^ *(\\w+) = exports\\d+\\['cabi_post_${escaped(HANDLER)}#handle-message'\\];$`,
    'm',
  ).exec(code)?.[1];
  return `imports['${HOST_HOOKS}'].lift({ call: ${call}, postReturn: ${postReturn ?? 'undefined'}, encoding: '${encoding}', memory: () => ${memory}, realloc: () => ${realloc} });`;
}

function encodingOf(name: string | undefined): string {
  if (name === undefined || name === 'utf8' || name === 'utf16') return name ?? 'utf8';
  throw unknownForm(`string encoding ${name}`);
}

function insertBefore(code: string, pattern: RegExp, lines: readonly string[]): string {
  const at = pattern.exec(code)?.index;
  if (at === undefined) throw unknownForm(`nothing like ${pattern.source}`);
  return `${code.slice(0, at)}${lines.map((line) => `  ${line}\n`).join('')}${code.slice(at)}`;
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}

function unknownForm(what: string): Error {
  return new Error(`the transpiler wrote JavaScript of an unknown form: ${what}`);
}
