/**
 * Adapts jco's generated JavaScript.
 *
 * What it does well is kept: which core module is instantiated with which
 * functions of which other. Its lifting and lowering are replaced by ours (see
 * `worker/abi/`): host functions just before the first core instance is made,
 * the handler just before the exports are handed out. And it loses its module
 * syntax, so that it can be compiled as a function body and forgotten again.
 *
 * What the guest calls is `trampolineN`, each of which is replaced or refused:
 * those of the generated code would keep state that no reset reaches, and work
 * that no fuel pays for.
 */
import { HANDLER } from './offered.js';

/** What the adapted code finds its surroundings under, in its `imports`. */
export const HOST_HOOKS = 'sterna:host';

/** The names that the adapted code takes as parameters. */
export const GLUE_PARAMETERS = ['globalThis'] as const;

/** The component calls something that the host does not offer in the place of the generated code. */
export class UnsupportedGlue extends Error {
  override readonly name = 'UnsupportedGlue';
}

/**
 * @throws UnsupportedGlue naming what the component does.
 * @throws Error when the code is not of the form that the pinned version of jco writes.
 */
export function adaptGlue(javascript: string): string {
  const code = javascript
    .replace(/^export function instantiate\(/m, 'function instantiate(')
    .replace(/^export const _util = /m, 'const _util = ')
    // A guard around what drops handles: ours has its own.
    .replaceAll(/_guardMayLeave\(\d+, (trampoline\d+)\)/g, '$1');
  if (!code.includes('function instantiate(') || /^(import|export) /m.test(code)) throw unknownForm('module syntax');
  const replaced = new Map([...loweredImports(code), ...droppedResources(code)]);
  const left = [...code.matchAll(/^ *(?:let|const|function) (trampoline\d+)\b.*$/gm)].find(
    ([, name = '']) => !replaced.has(name),
  );
  if (left !== undefined) throw new UnsupportedGlue(`a built-in of components that is not offered: ${left[0].trim()}`);
  const assignments = Array.from(replaced, ([name, hook]) => `${name} = imports['${HOST_HOOKS}'].${hook};`);
  const hooked = insertBefore(code, /^ *\(\{ exports: exports0 \} = instantiateCore\(/m, assignments);
  return `${insertBefore(hooked, /^ *return \{ handler: /m, [liftedHandler(code)])}\nreturn instantiate;\n`;
}

type Replacement = readonly [trampoline: string, hook: string];

/** `_trampolineN` does what an import is to do and tells which in its traces; `trampolineN` is what the guest calls. */
function loweredImports(code: string): Replacement[] {
  const imports = [...code.matchAll(/^ *const _trampoline(\d+) = function\([^]*?^ *_trampoline\1\.fnName = .*$/gm)];
  return imports.map(([text, n = '']) => {
    const called = /\[iface="([^"']+)", function="([^"']+)"\] \[Instruction::CallInterface\]/.exec(text);
    const block = new RegExp(`^ *let trampoline${n} = [^]*?^ *\\);$`, 'm').exec(code)?.[0];
    if (called === null || block === undefined) throw unknownForm(`no trampoline ${n} that tells what it calls`);
    const [, qualified = '', functionName = ''] = called;
    const encoding = encodingOf(/stringEncoding: '([^']+)'/.exec(block)?.[1]);
    const memory = /getMemoryFn: (\(\) => \w+)/.exec(block)?.[1] ?? '() => undefined';
    const realloc = /getReallocFn: (\(\) => \w+)/.exec(block)?.[1] ?? '() => undefined';
    const options = `{ encoding: '${encoding}', memory: ${memory}, realloc: ${realloc} }`;
    return [`trampoline${n}`, `lower('${withoutVersion(qualified)}#${functionName}', ${options})`];
  });
}

/** A resource's class is named after it, and renamed where two are called the same. */
function droppedResources(code: string): Replacement[] {
  const drops = code.matchAll(
    /^( *)function (trampoline\d+)\(handle\) \{\n *const handleEntry = rscTableRemove\([^]*?^\1\}$/gm,
  );
  return Array.from(drops, ([text, , name = '']) => {
    const className = /([\w$]+)\[symbolCabiDispose\]/.exec(text)?.[1];
    if (className !== undefined) return [name, `drop('${resourceOf(code, className)}')`];
    // Nothing that is called hands one out.
    if (text.includes("TypeError('unreachable trampoline for resource ")) return [name, 'drop()'];
    throw unknownForm(`no class in what drops a resource: ${name}`);
  });
}

function resourceOf(code: string, className: string): string {
  for (const [, names = '', interfaceName = ''] of code.matchAll(/^ *const \{ (.*) \} = imports\['([^']+)'\];$/gm)) {
    for (const entry of names.split(', ')) {
      const [name = '', alias = name] = entry.split(': ');
      if (alias === className) return `${withoutVersion(interfaceName)}/${kebab(name)}`;
    }
  }
  throw unknownForm(`no interface has the class ${className}`);
}

function withoutVersion(interfaceName: string): string {
  return interfaceName.split('@', 1)[0] ?? interfaceName;
}

function kebab(className: string): string {
  return className.replaceAll(/(?<!^)[A-Z]/g, (letter) => `-${letter}`).toLowerCase();
}

/** How jco lifts a handler of the one type that makes a task. */
const HANDLER_FORM: readonly (readonly [RegExp, string])[] = [
  [/^ *var \{subject: v0_0, body: v0_1, replyTo: v0_2 \} = arg0;$/m, 'it takes no broker-message'],
  [/^ *const valLenBytes(\d+) = len\1 \* 1;$/m, 'the body is no list of bytes'],
  [/\(ptr\d+, len\d+, ptr\d+, len\d+, (variant\d+)_0, \1_1, \1_2\),$/m, 'its parameter is another'],
  [/^ *case 0: \{\s+variant\d+= \{\s+tag: 'ok',\s+val: undefined\s/m, 'it answers with something'],
  [
    /^ *case 1: \{\s+var ptr(\d+) = .*getUint32\(ret \+ 4, .*\s+var len\1 = .*getUint32\(ret \+ 8, /m,
    'its error is no string',
  ],
];

function liftedHandler(code: string): string {
  const lifted = liftedFunction(code);
  const stored = /_(utf8|utf16)AllocateAndEncode\(v0_0, (\w+), (\w+)\)/.exec(lifted);
  const call = /=> (\w+)\(ptr\d+, /.exec(lifted)?.[1];
  const fault = HANDLER_FORM.find(([form]) => !form.test(lifted))?.[1];
  if (fault !== undefined || stored === null || call === undefined) {
    const type = 'func(msg: broker-message) -> result<_, string>';
    throw new UnsupportedGlue(`another type for handle-message than ${type}: ${fault ?? 'its subject is no string'}`);
  }
  const [, encoding, realloc, memory] = stored;
  const postReturn = /\b(postReturn\d+)\(ret\)/.exec(lifted)?.[1] ?? 'undefined';
  return `imports['${HOST_HOOKS}'].lift({ call: ${call}, postReturn: ${postReturn}, encoding: '${encoding}', memory: () => ${memory}, realloc: () => ${realloc} });`;
}

/** The function that calls the handler, found by its trace: what it is called has no one form. */
function liftedFunction(code: string): string {
  const at = code.indexOf(`[iface="${HANDLER}", function="handle-message"][Instruction::CallWasm] enter`);
  const head = [...code.slice(0, Math.max(at, 0)).matchAll(/^( *)function \w+\(.*\) \{$/gm)].at(-1);
  if (head === undefined) throw unknownForm(`no ${HANDLER}`);
  const [, indent = ''] = head;
  return code.slice(head.index, code.indexOf(`\n${indent}}\n`, at));
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

function unknownForm(what: string): Error {
  return new Error(`the transpiler wrote JavaScript of an unknown form: ${what}`);
}
