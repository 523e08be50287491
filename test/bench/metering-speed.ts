/** How fast a module is metered, in megabytes of its own size, and what metering makes of that size. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { meter } from '../../runtime/provision/meter/meter.js';
import { PACKAGE_ROOT } from '../package-root.js';
import type { Row } from './row.js';

/** Modules of packages that are there, from half a megabyte to the JavaScript engine of a 12 MB component. */
const MODULES: Readonly<Record<string, string>> = {
  QuickJS: '@jitl/quickjs-wasmfile-release-sync/dist/emscripten-module.wasm',
  Brotli: 'brotli-wasm/pkg.node/brotli_wasm_bg.wasm',
  SQLite: 'node-sqlite3-wasm/dist/node-sqlite3-wasm.wasm',
  jco: '@bytecodealliance/jco-transpile/vendor/js-component-bindgen-component.core.wasm',
  SpiderMonkey: '@bytecodealliance/componentize-js/lib/starlingmonkey_embedding_weval.wasm',
};

const ROUNDS = 5;
const MEGABYTE = 1e6;

export async function meteringSpeed(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [name, file] of Object.entries(MODULES)) {
    const module = new Uint8Array(await readFile(path.join(PACKAGE_ROOT, 'node_modules', file)));
    let seconds = Infinity;
    let size = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const startedAt = performance.now();
      size = meter(module, { exceptions: false }).module.length;
      seconds = Math.min(seconds, (performance.now() - startedAt) / 1000);
    }
    const megabytes = module.length / MEGABYTE;
    rows.push({
      measure: `metering: ${name} in MB/s (size ${(size / module.length).toFixed(2)})`,
      value: `${megabytes.toFixed(1)} MB in ${(seconds * 1000).toFixed(0)} ms`,
      ratio: megabytes / seconds,
      aim: { least: 20 },
    });
  }
  return rows;
}
