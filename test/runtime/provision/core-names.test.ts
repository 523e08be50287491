/** Names in core modules are data: none of them is executed, whatever it holds. */
import t from 'tap';
import { nameFault } from '../../../runtime/provision/core-names.js';
import { provision } from '../../../runtime/provision/provision.js';
import { taskComponent } from '../wat-component.js';
import { parse, print } from './component-tools.js';
import { fromText } from './wat.js';

t.setTimeout(60_000);

const LIMIT = { memoryBytes: 1024 * 1024 };

/** Sets a property of the process that prepares the component, if it is executed. */
const CODE = "x']; globalThis.sternaWasHere = true; exports0['memory";

declare global {
  var sternaWasHere: boolean | undefined;
}

/** A task whose memory has a further name, under which the component uses it. */
async function withMemoryCalled(name: string): Promise<Uint8Array> {
  const quoted = name.replaceAll(/[^ -~]|["\\]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
  const text = await print(await taskComponent());
  return parse(
    text
      .replace('(export "memory" (memory 0))', () => `(export "memory" (memory 0)) (export "${quoted}" (memory 0))`)
      .replace('(alias core export $main "memory"', () => `(alias core export $main "${quoted}"`),
  );
}

t.test('a name that is JavaScript is refused and not executed', async (t) => {
  const refusal = { code: 'component-refused', message: /export: names may hold no quotes/ };
  for (const name of [CODE, CODE.replaceAll("'", '"'), 'a\nb', 'a\\', 'a`b', 'a\u2028b', 'a\u0000b', 'a\u0085b']) {
    await t.rejects(provision(await withMemoryCalled(name), LIMIT), refusal, encodeURIComponent(name));
    t.equal(globalThis.sternaWasHere, undefined);
  }
});

t.test('names that compilers make are taken', async (t) => {
  for (const name of ['$memory<0>', 'runtime.(*mem).x', 'a b', 'größe', '#[x]=>{y}', '__proto__']) {
    await t.resolves(provision(await withMemoryCalled(name), LIMIT), name);
  }
});

t.test('imports are looked at as well, and a long name is cut', (t) => {
  const importing = (from: string, name: string): Uint8Array =>
    fromText(`(module (import "${from}" "${name}" (func)))`);
  t.equal(nameFault(importing('env', 'f')), undefined);
  t.match(nameFault(importing("e'", 'f')), /an import/);
  t.match(nameFault(importing('env', "f'")), /an import/);
  t.ok((nameFault(importing('env', "'".repeat(100_000)))?.length ?? 0) < 300);
  t.end();
});
