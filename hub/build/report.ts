/** What a build made, for people and for `build/report.json`. */
import { createHash } from 'node:crypto';
import type { CoreImport, CoreNames } from './core-names.js';

export interface BuildReport {
  readonly task: string;
  /** The component's file, relative to the task's folder. */
  readonly component: string;
  readonly bytes: number;
  /** Of the component, in hex: what a hub knows it by. */
  readonly sha256: string;
  /** Interfaces it asks for, each with the functions it calls; both sorted. */
  readonly imports: Readonly<Record<string, readonly string[]>>;
  /** Interfaces it offers, sorted. */
  readonly exports: readonly string[];
}

export interface Built {
  readonly task: string;
  readonly file: string;
  readonly names: CoreNames;
  readonly component: Uint8Array;
}

export function reportOf({ task, file, names, component }: Built): BuildReport {
  return {
    task,
    component: file,
    bytes: component.length,
    sha256: createHash('sha256').update(component).digest('hex'),
    imports: functionsByInterface(names.imports),
    exports: interfacesOf(names.exports),
  };
}

function functionsByInterface(imports: readonly CoreImport[]): Readonly<Record<string, readonly string[]>> {
  const byInterface = new Map<string, string[]>();
  for (const { module, name } of imports.toSorted((a, b) => (key(a) < key(b) ? -1 : 1))) {
    const functions = byInterface.get(module) ?? [];
    functions.push(name);
    byInterface.set(module, functions);
  }
  return Object.fromEntries(byInterface);
}

function key({ module, name }: CoreImport): string {
  return `${module}#${name}`;
}

/** A component's exports are those of its core module that are called "interface#function". */
function interfacesOf(exports: readonly string[]): readonly string[] {
  const interfaces = exports.filter((name) => name.includes('#')).map((name) => name.split('#')[0] ?? name);
  return [...new Set(interfaces)].toSorted();
}
