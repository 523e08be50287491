/** Component file in, prepared files out. Runs in the provisioning thread; touches no disk. */
import { createHash } from 'node:crypto';
import { RuntimeError } from '../errors.js';
import { RUNTIME_BOUNDS } from '../limits.js';
import type { Bytes } from '../task.js';
import type { Artifact, ArtifactModule } from './artifact.js';
import { bound } from './bound.js';
import { componentImports, isComponent } from './component-imports.js';
import { UnsupportedComponent } from './component-types.js';
import { nameFault } from './core-names.js';
import { expose, type ExposeOptions } from './expose.js';
import { adaptGlue, UnsupportedGlue } from './glue.js';
import type { LinkPlan } from './link-plan.js';
import { recordLink } from './link.js';
import { INSTRUMENTATION_VERSION } from './meter/costs.js';
import { meter, type Metered, type MeterOptions } from './meter/meter.js';
import { missingFeature } from './missing-feature.js';
import { HANDLER, importFaults } from './offered.js';
import { transpile, type Transpiled } from './jco.js';
import { optimizerFault } from './optimizer-cost.js';
import { SUSPEND_VERSION, type Points } from './suspend/points.js';
import { suspendableOf } from './suspend/refusals.js';
import { shapeOf } from './suspend/shape.js';
import { refuseUnlessResumable, suspend } from './suspend/suspend.js';
import { MalformedWasm } from './wasm/bytes.js';
import { UnsupportedWasm } from './wasm/module-info.js';

export interface ProvisionOptions {
  /** Over all memories and tables. */
  readonly memoryBytes: Bytes;
  /** Where its runs can be suspended; undefined if they are not to be. */
  readonly resumable?: Points | undefined;
}

export interface Provisioned {
  readonly artifact: Artifact;
  /** Contents by file name. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** Names the prepared form of a component: what the same key prepared is the same, byte for byte. */
export function artifactKey(digest: string, options: ProvisionOptions): string {
  const node = process.versions.node.split('.')[0];
  const { memoryBytes, resumable } = options;
  const suspending = resumable === undefined ? '' : ` suspend-${SUSPEND_VERSION}/${resumable}`;
  return sha256(`${digest} ${INSTRUMENTATION_VERSION} node${node} ${memoryBytes}${suspending}`).slice(0, 40);
}

export function sha256(data: Uint8Array | string): string {
  return createHash('sha256').update(data).digest('hex');
}

/** @throws RuntimeError naming what is missing, refused or over a limit. */
export async function provision(component: Uint8Array, options: ProvisionOptions): Promise<Provisioned> {
  const imports = checkedImports(component);
  const transpiled = await transpiledOrRefused(component);
  if (!transpiled.exports.some(([name]) => name === HANDLER)) {
    throw new RuntimeError(
      'component-refused',
      `The component does not export ${HANDLER}, which makes a component a task`,
    );
  }
  for (const [name, module] of transpiled.modules) checkModule(name, module);
  for (const [name, module] of transpiled.modules) refuseNames(name, module);
  for (const [name, module] of transpiled.modules) refuseSlowToOptimize(name, module);
  const link = recordedLink(transpiled.javascript);
  if (options.resumable !== undefined) refuseUnlessResumable(link, transpiled.modules);
  const metered = meterAll(transpiled.modules, options.resumable && { ...suspendableOf(link), at: options.resumable });
  const suspended = await suspendIfAsked(metered, link, options.resumable);

  const files = new Map<string, Uint8Array>();
  const boundedModules = new Map<string, Uint8Array>();
  const modules: ArtifactModule[] = [];
  let initialMemoryBytes = 0;
  let notResettable: string | undefined;
  // A module may change tables that another one defines.
  const tablesChange = [...metered.values()].some((pass) => pass.writesTables);
  for (const [name, pass] of metered) {
    const bounded = bound(suspended?.modules.get(name) ?? pass.module, options.memoryBytes);
    boundedModules.set(name, bounded.module);
    const globals = suspended !== undefined;
    const exposed = exposeOrRefuse(name, bounded.module, { tables: tablesChange, globals });
    initialMemoryBytes += bounded.initialBytes;
    if (pass.dropsSegments) notResettable = 'it drops segments while it runs';
    files.set(name, exposed);
    modules.push({ name, sha256: sha256(exposed), bytes: exposed.length });
  }
  if (initialMemoryBytes > options.memoryBytes) {
    throw new RuntimeError(
      'component-over-limit',
      `The component begins with ${initialMemoryBytes} bytes of memory, more than its limit of ${options.memoryBytes}`,
    );
  }
  for (const [name, module] of files) {
    if (!WebAssembly.validate(module))
      throw new RuntimeError('internal', `The rewritten ${name} is not valid: ${compileFault(module)}`);
  }
  const { coreInstances } = RUNTIME_BOUNDS;
  if (link.steps.length > coreInstances) {
    throw new RuntimeError(
      'component-over-limit',
      `The component is made of ${link.steps.length} instances of core modules: at most ${coreInstances} are taken`,
    );
  }
  const digest = sha256(component);
  return {
    artifact: {
      key: artifactKey(digest, options),
      digest,
      instrumentation: INSTRUMENTATION_VERSION,
      imports,
      modules,
      link,
      initialMemoryBytes,
      notResettable,
      resumable: suspended && { ...suspended.resumable, shape: shapeOf(link, boundedModules) },
    },
    files,
  };
}

/** @throws RuntimeError when there is more of it than anybody should look at. */
export function checkSize(component: Uint8Array): void {
  if (component.length > RUNTIME_BOUNDS.componentBytes) {
    throw new RuntimeError(
      'component-invalid',
      `The component has ${component.length} bytes; at most ${RUNTIME_BOUNDS.componentBytes} are taken`,
    );
  }
}

function checkedImports(component: Uint8Array): string[] {
  checkSize(component);
  if (!isComponent(component)) {
    throw new RuntimeError(
      'component-invalid',
      'The file is not a WebAssembly component (a core module must be wrapped as one first)',
    );
  }
  try {
    const imports = componentImports(component);
    const faults = imports.flatMap(importFaults);
    if (faults.length > 0) {
      throw new RuntimeError('component-refused', `The component imports what is not offered: ${faults.join(', ')}`);
    }
    return imports.map(({ name }) => name).toSorted();
  } catch (error) {
    if (error instanceof MalformedWasm)
      throw new RuntimeError('component-invalid', `The component cannot be read: ${error.message}`, { cause: error });
    if (error instanceof UnsupportedComponent) throw refused(error);
    throw error;
  }
}

function refused(error: UnsupportedComponent | UnsupportedGlue): RuntimeError {
  return new RuntimeError('component-refused', `The component uses ${error.message}`, { cause: error });
}

/** @throws RuntimeError */
function recordedLink(javascript: string): LinkPlan {
  try {
    return recordLink(adaptGlue(javascript));
  } catch (error) {
    throw error instanceof UnsupportedGlue ? refused(error) : error;
  }
}

async function transpiledOrRefused(component: Uint8Array): Promise<Transpiled> {
  try {
    return await transpile(component);
  } catch (error) {
    const cause = firstCause(error);
    const feature = missingFeature(cause);
    const why = feature === undefined ? '' : ` for it needs ${feature}`;
    throw new RuntimeError('component-invalid', `The component cannot be transpiled${why}: ${cause}`, { cause: error });
  }
}

/** On the bytes as they came: rewriting could make an invalid module valid. */
function checkModule(name: string, module: Uint8Array): void {
  if (WebAssembly.validate(module)) return;
  const fault = compileFault(module);
  const feature = missingFeature(fault);
  const why = feature === undefined ? 'does not validate' : `needs ${feature}, which is not there`;
  throw new RuntimeError('component-invalid', `${name} ${why} on Node ${process.versions.node}: ${fault}`);
}

/** Before the generated JavaScript, in which the names are, is executed. */
function refuseNames(name: string, module: Uint8Array): void {
  const fault = readOrRefuse(name, () => nameFault(module));
  if (fault !== undefined) throw new RuntimeError('component-refused', `${name} uses ${fault}`);
}

function refuseSlowToOptimize(name: string, module: Uint8Array): void {
  const fault = readOrRefuse(name, () => optimizerFault(module));
  if (fault !== undefined) throw new RuntimeError('component-over-limit', `In ${name}, ${fault}`);
}

function compileFault(module: Uint8Array): string {
  try {
    void new WebAssembly.Module(module);
    return 'unknown';
  } catch (error) {
    return firstLine(error);
  }
}

/** One handler anywhere changes how calls are charged everywhere, since exceptions cross modules. */
function meterAll(
  modules: ReadonlyMap<string, Uint8Array>,
  suspended: { readonly module: string; readonly at: Points } | undefined,
): Map<string, Metered> {
  const points = (name: string): Points | undefined => (name === suspended?.module ? suspended.at : undefined);
  const pass = (exceptions: boolean): Map<string, Metered> =>
    new Map(
      [...modules].map(([name, module]) => [name, meterOrRefuse(name, module, { exceptions, points: points(name) })]),
    );
  const first = pass(false);
  return [...first.values()].some((metered) => metered.catches) ? pass(true) : first;
}

function meterOrRefuse(name: string, module: Uint8Array, options: MeterOptions): Metered {
  return readOrRefuse(name, () => meter(module, options));
}

async function suspendIfAsked(
  metered: ReadonlyMap<string, Metered>,
  link: LinkPlan,
  points: Points | undefined,
): Promise<Awaited<ReturnType<typeof suspend>> | undefined> {
  if (points === undefined) return undefined;
  return suspend(new Map([...metered].map(([name, { module }]) => [name, module])), link, points);
}

/** Whatever a pass finds in a module that it cannot read is the component's fault. */
function readOrRefuse<Value>(name: string, pass: () => Value): Value {
  try {
    return pass();
  } catch (error) {
    if (error instanceof UnsupportedWasm) {
      throw new RuntimeError('component-refused', `${name} uses ${error.message}, which cannot be metered`, {
        cause: error,
      });
    }
    if (error instanceof MalformedWasm) {
      throw new RuntimeError('component-invalid', `${name} cannot be read: ${error.message}`, { cause: error });
    }
    throw error;
  }
}

function exposeOrRefuse(name: string, module: Uint8Array, options: ExposeOptions): Uint8Array {
  try {
    return expose(module, options);
  } catch (error) {
    if (!(error instanceof UnsupportedWasm)) throw error;
    throw new RuntimeError('component-refused', `${name} uses ${error.message}, which cannot be put back after a run`, {
      cause: error,
    });
  }
}

/** The transpiler tells what led to what, the first cause last. */
function firstCause(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const lines = text.split('\n').map((line) => line.trim().replace(/^\d+: /, ''));
  return lines.findLast((line) => line !== '') ?? text;
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split('\n', 1)[0] ?? text;
}
