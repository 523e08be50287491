/**
 * What each pass makes of small modules, as text: `test/fixtures/wat/<pass>/<case>.in.wat` becomes `<case>.out.wat`.
 * A difference is either a fault or meant; `STERNA_UPDATE_GOLDEN=1` writes what comes out.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { bound } from '../../../runtime/provision/bound.js';
import { expose } from '../../../runtime/provision/expose.js';
import { PACKAGE_ROOT } from '../../package-root.js';
import { metered } from './metered-module.js';
import { fromText, toText } from './wat.js';

const FOLDER = path.join(PACKAGE_ROOT, 'test/fixtures/wat');
const INPUT = '.in.wat';
const OUTPUT = '.out.wat';
const MiB = 1024 * 1024;

const PASSES: Readonly<Record<string, (module: Uint8Array) => Uint8Array>> = {
  meter: metered,
  bound: (module) => bound(module, MiB).module,
  expose: (module) => expose(module, { tables: true }),
};

const updates = process.env['STERNA_UPDATE_GOLDEN'] === '1';

for (const [pass, rewrite] of Object.entries(PASSES)) {
  t.test(`${pass} makes of each module what is written beside it`, (t) => {
    const folder = path.join(FOLDER, pass);
    const files = readdirSync(folder);
    const inputs = files.filter((file) => file.endsWith(INPUT));
    const outputs = inputs.map((file) => file.replace(INPUT, OUTPUT));
    for (const [i, input] of inputs.entries()) {
      const module = rewrite(fromText(readFileSync(path.join(folder, input), 'utf8')));
      t.ok(WebAssembly.validate(module), `${input} becomes a valid module`);
      const output = path.join(folder, outputs[i] as string);
      if (updates) writeFileSync(output, toText(module));
      t.equal(toText(module), readFileSync(output, 'utf8'), input);
    }
    const left = files.filter((file) => file.endsWith(OUTPUT) && !outputs.includes(file));
    t.strictSame(left, [], 'every output has an input');
    t.end();
  });
}
