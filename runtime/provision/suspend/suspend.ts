/**
 * The suspending pass: the metered module that handles events, rewritten so
 * that it can be suspended at the end of a slice, and where it offers it.
 */
import { createHash } from 'node:crypto';
import { RuntimeError } from '../../errors.js';
import type { LinkPlan } from '../link-plan.js';
import { METER_MODULE } from '../meter/added-functions.js';
import { asyncify, type SuspendingImport } from './asyncify.js';
import { SUSPEND_VERSION, type Points } from './points.js';
import { suspendableOf, suspendFaults } from './refusals.js';
import type { Shape } from './shape.js';

/** What an artifact says of how it is suspended. */
export interface Resumable {
  readonly points: Points;
  /** The index of the step whose instance is suspended. */
  readonly core: number;
  /** Names the code that a checkpoint's frames belong to: the rewriting, and what came out of it. */
  readonly instrumentation: string;
  /** What every checkpoint of it must look like. */
  readonly shape: Shape;
}

/** A host function that is a point of execution, as the plan calls it. */
export const OFFER = 'sterna:task/checkpoint#offer';

/** @throws RuntimeError 'not-resumable' with all that is in the way. */
export function refuseUnlessResumable(link: LinkPlan, modules: ReadonlyMap<string, Uint8Array>): void {
  const faults = suspendFaults(link, modules);
  if (faults.length > 0) throw notResumable(faults.join('; '));
}

/**
 * @param metered all modules of the component, by file name.
 * @returns the same, that of the handler rewritten.
 * @throws RuntimeError 'not-resumable'.
 */
export async function suspend(
  metered: ReadonlyMap<string, Uint8Array>,
  link: LinkPlan,
  points: Points,
): Promise<{ readonly modules: ReadonlyMap<string, Uint8Array>; readonly resumable: Omit<Resumable, 'shape'> }> {
  const { module, core } = suspendableOf(link);
  const before = metered.get(module);
  if (before === undefined) throw new Error(`there is no module ${module}`);
  const modules = new Map(metered).set(module, await rewritten(module, before, suspendingImports(link, core)));
  const digest = createHash('sha256');
  for (const [name, bytes] of modules) digest.update(name).update(bytes);
  const instrumentation = `suspend-${SUSPEND_VERSION}/${points}/${digest.digest('hex')}`;
  return { modules, resumable: { points, core, instrumentation } };
}

/** The end of a slice, and what offers a point of execution if the module imports it. */
function suspendingImports(link: LinkPlan, core: number): SuspendingImport[] {
  const imports: SuspendingImport[] = [[METER_MODULE, 'slice']];
  for (const { module, name, source } of link.steps[core]?.imports ?? []) {
    if (source.from === 'lowered' && link.lowered[source.index]?.name === OFFER) imports.push([module, name]);
  }
  return imports;
}

async function rewritten(name: string, module: Uint8Array, imports: SuspendingImport[]): Promise<Uint8Array> {
  try {
    return await asyncify(module, imports);
  } catch (error) {
    throw notResumable(`${name} cannot be rewritten by Asyncify: ${reasonOf(error)}`, error);
  }
}

/** What Binaryen throws is an object of its own, and no Error; it may say nothing. */
function reasonOf(error: unknown): string {
  const message = typeof error === 'object' && error !== null && 'message' in error ? error.message : error;
  return typeof message === 'string' && message !== '' ? (message.split('\n', 1)[0] ?? '') : 'it gives no reason';
}

function notResumable(why: string, cause?: unknown): RuntimeError {
  return new RuntimeError('not-resumable', `The task cannot be resumable: ${why}`, { cause });
}
