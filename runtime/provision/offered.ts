/** The interfaces that a task may import. Everything else is refused by name. */

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
]);

/** The export that makes a component a task. */
export const HANDLER = 'wasmcloud:messaging/handler@0.2.0';

/** Why an import cannot be had, or undefined if it is offered. */
export function importFault(name: string): string | undefined {
  if (EXACT.has(name)) return undefined;
  const at = name.lastIndexOf('@');
  const unversioned = at < 0 ? name : name.slice(0, at);
  const version = at < 0 ? '' : name.slice(at + 1);
  if (ANY_PATCH.has(unversioned)) {
    return WASI_0_2.test(version) ? undefined : `${unversioned} is offered in versions 0.2.x`;
  }
  const offered = [...EXACT].find((known) => known.startsWith(`${unversioned}@`));
  return offered === undefined ? 'tasks are not offered it' : `it is offered as ${offered}`;
}
