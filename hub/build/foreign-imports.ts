/** Imports that AssemblyScript's standard library asks of browsers: no world has them. */
import type { CoreImport } from './core-names.js';

/** What the SDK offers in place of a global, by the start of the import's name. */
const INSTEAD: readonly (readonly [prefix: string, instead: string])[] = [
  ['console.', 'log of the SDK: log.info("...")'],
  ['trace', 'log of the SDK: log.debug("...")'],
  ['Date.', 'now() of the SDK, or event.arrivedAt'],
  ['performance.', 'monotonicNs() of the SDK'],
  ['crypto.', 'randomU64() of the SDK'],
];

/** Why a core module with these imports cannot be a task, or undefined when all it imports may be in a world. */
export function foreignImportFault(imports: readonly CoreImport[]): string | undefined {
  // A world's imports are called "namespace:package/interface@version".
  const foreign = imports.find(({ module }) => !module.includes(':'));
  if (foreign === undefined) return undefined;
  const instead = INSTEAD.find(([prefix]) => foreign.name.startsWith(prefix))?.[1];
  const advice = instead ?? 'only what the SDK exports';
  return `imports "${foreign.name}" from "${foreign.module}", which tasks are not offered: use ${advice}`;
}
