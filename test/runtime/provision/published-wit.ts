/** WASI's interfaces as they were published, which the transpiler's package brings along. */
import { readFileSync } from 'node:fs';
import { componentEmbed, componentNew } from './component-tools.js';

const BUILTIN = new URL('../lib/wit/builtin/0.2.12/', import.meta.resolve('@bytecodealliance/jco'));
const PUBLISHED = '0.2.12';
const PACKAGES = ['io', 'clocks', 'random', 'filesystem', 'cli'];

const HANDLER = `package wasmcloud:messaging@0.2.0 {
  interface types { record broker-message { subject: string, body: list<u8>, reply-to: option<string> } }
  interface handler { use types.{broker-message}; handle-message: func(msg: broker-message) -> result<_, string>; }
}`;

/** The text of a package, as one that can be nested in another text. Its worlds name packages that are not here. */
function nested(name: string, version: string): string {
  const text = readFileSync(new URL(`wasi-${name}/package.wit`, BUILTIN), 'utf8');
  const body = text.replace(/^package .*;$/m, '').replaceAll(/^(@.*\n)*world [^]*?^\}$/gm, '');
  return `package wasi:${name}@${PUBLISHED} {\n${body}\n}\n`.replaceAll(PUBLISHED, version);
}

/** A component that imports every function of these interfaces, with the types that they were published with. */
export async function importingAll(interfaces: readonly string[], version: string): Promise<Uint8Array> {
  const imports = interfaces.map((name) => `import ${name}@${version};`);
  const world = `world all { ${imports.join(' ')} export wasmcloud:messaging/handler@0.2.0; }`;
  const packages = PACKAGES.map((name) => nested(name, version));
  const witSource = ['package test:all;', world, HANDLER, ...packages].join('\n');
  return componentNew(await componentEmbed({ dummy: true, witSource, world: 'all' }), []);
}
