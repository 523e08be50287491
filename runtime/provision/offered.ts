/** What a task may import: interfaces, and their functions with the types they have here. All else is refused by name. */
import { HostImports } from '../worker/host/imports.js';
import type { ComponentImport } from './component-imports.js';
import { sameSignature, signatureText } from './signatures.js';

/** A stable interface of WASI 0.2: any patch version. */
const WASI_0_2 = /^0\.2\.\d+$/;

const EXACT: ReadonlySet<string> = new Set([
  'wasmcloud:messaging/types@0.2.0',
  'wasmcloud:messaging/consumer@0.2.0',
  'wasi:logging/logging@0.1.0-draft',
  'wasi:config/store@0.2.0-rc.1',
  'wasi:keyvalue/store@0.2.0-draft',
  'wasi:keyvalue/atomics@0.2.0-draft',
  'wasi:keyvalue/batch@0.2.0-draft',
  'sterna:task/context@0.1.0',
  'sterna:task/checkpoint@0.1.0',
  'sterna:task/publisher@0.1.0',
]);

const ANY_PATCH: ReadonlySet<string> = new Set([
  'wasi:clocks/wall-clock',
  'wasi:clocks/monotonic-clock',
  'wasi:random/random',
  'wasi:random/insecure',
  'wasi:random/insecure-seed',
  'wasi:io/error',
  'wasi:io/poll',
  'wasi:io/streams',
  'wasi:cli/environment',
  'wasi:cli/exit',
  'wasi:cli/stdin',
  'wasi:cli/stdout',
  'wasi:cli/stderr',
  'wasi:cli/terminal-input',
  'wasi:cli/terminal-output',
  'wasi:cli/terminal-stdin',
  'wasi:cli/terminal-stdout',
  'wasi:cli/terminal-stderr',
  'wasi:filesystem/types',
  'wasi:filesystem/preopens',
]);

/** The export that makes a component a task. */
export const HANDLER = 'wasmcloud:messaging/handler@0.2.0';

/** Looked at, never called. */
const HOST = new HostImports({
  get run(): never {
    throw new Error('no run executes while a component is prepared');
  },
});

/** Why an import cannot be had, as its name and a reason for each part of it that is not offered. */
export function importFaults({ name, kind, functions }: ComponentImport): string[] {
  if (kind === 'other') return [`${name} (tasks import interfaces only)`];
  const fault = interfaceFault(name);
  if (fault !== undefined) return [`${name} (${fault})`];
  return Array.from(functions, ([functionName, declared]): string[] => {
    const offered = HOST.lookUp(`${withoutVersion(name)}#${functionName}`);
    if (offered === undefined) return [`${name}#${functionName} (the interface has no such function)`];
    if (sameSignature(declared, offered)) return [];
    return [`${name}#${functionName} as ${signatureText(declared)} (it is offered as ${signatureText(offered)})`];
  }).flat();
}

function interfaceFault(name: string): string | undefined {
  if (EXACT.has(name)) return undefined;
  const unversioned = withoutVersion(name);
  const version = name.slice(unversioned.length + 1);
  if (ANY_PATCH.has(unversioned)) {
    return WASI_0_2.test(version) ? undefined : `${unversioned} is offered in versions 0.2.x`;
  }
  const offered = [...EXACT].find((known) => known.startsWith(`${unversioned}@`));
  return offered === undefined ? 'tasks are not offered it' : `it is offered as ${offered}`;
}

function withoutVersion(name: string): string {
  const at = name.lastIndexOf('@');
  return at < 0 ? name : name.slice(0, at);
}
