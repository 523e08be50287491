/**
 * Names that core modules import and export, which may be any text.
 *
 * The transpiler writes them into its JavaScript between quotes, as they are,
 * and that JavaScript is executed when a component is prepared: a name with a
 * quote in it would be code. No compiler makes such names.
 */
import { moduleInfo } from './wasm/module-info.js';
import { splitSections } from './wasm/sections.js';

/** What ends a piece of text in JavaScript, or begins something else in it; and what people do not see. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const NOT_TEXT = /['"`\\\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

/** Characters of a name that a message shows. */
const SHOWN = 64;

/** @returns what is wrong with a name of the module, or undefined. @throws MalformedWasm, UnsupportedWasm */
export function nameFault(module: Uint8Array): string | undefined {
  const { imports, exports } = moduleInfo(splitSections(module));
  for (const { module: from, name } of imports) {
    if (NOT_TEXT.test(from) || NOT_TEXT.test(name)) return fault('import', `${from} ${name}`);
  }
  for (const { name } of exports) if (NOT_TEXT.test(name)) return fault('export', name);
  return undefined;
}

function fault(what: string, name: string): string {
  const shown = JSON.stringify(name.length > SHOWN ? `${name.slice(0, SHOWN)}…` : name);
  return `the name ${shown} for an ${what}: names may hold no quotes, backslashes or control characters`;
}
