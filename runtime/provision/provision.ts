/** Component file in, prepared files out. Runs in the provisioning thread; touches no disk. */
import { createHash } from 'node:crypto';
import { RuntimeError } from '../errors.js';
import { RUNTIME_BOUNDS } from '../limits.js';
import type { Bytes } from '../task.js';
import { GLUE_FILE, type Artifact, type ArtifactModule } from './artifact.js';
import { bound } from './bound.js';
import { componentImports, isComponent } from './component-imports.js';
import { expose } from './expose.js';
import { adaptGlue } from './glue.js';
import { INSTRUMENTATION_VERSION } from './meter/costs.js';
import { meter, type Metered } from './meter/meter.js';
import { HANDLER, importFault } from './offered.js';
import { transpile, type Transpiled } from './jco.js';
import { MalformedWasm } from './wasm/bytes.js';
import { UnsupportedWasm } from './wasm/module-info.js';

export interface ProvisionOptions {
  /** Over all memories and tables. */
  readonly memoryBytes: Bytes;
}

export interface Provisioned {
  readonly artifact: Artifact;
  /** Contents by file name. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** Names the prepared form of a component: what the same key prepared is the same, byte for byte. */
export function artifactKey(digest: string, options: ProvisionOptions): string {
  const node = process.versions.node.split('.')[0];
  return sha256(`${digest} ${INSTRUMENTATION_VERSION} node${node} ${options.memoryBytes}`).slice(0, 40);
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
  const metered = meterAll(transpiled.modules);

  const files = new Map<string, Uint8Array>();
  const modules: ArtifactModule[] = [];
  let initialMemoryBytes = 0;
  let notResettable: string | undefined;
  for (const [name, pass] of metered) {
    const bounded = bound(pass.module, options.memoryBytes);
    const exposed = expose(bounded.module);
    initialMemoryBytes += bounded.initialBytes;
    if (pass.writesTables) notResettable = 'its tables change while it runs';
    if (pass.dropsSegments) notResettable = 'it drops segments while it runs';
    if (exposed.hidesState) notResettable = 'it keeps state in a vector global';
    files.set(name, exposed.module);
    modules.push({ name, sha256: sha256(exposed.module), bytes: exposed.module.length });
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
  const glue = new TextEncoder().encode(adaptGlue(transpiled.javascript));
  files.set(GLUE_FILE, glue);
  const digest = sha256(component);
  return {
    artifact: {
      key: artifactKey(digest, options),
      digest,
      instrumentation: INSTRUMENTATION_VERSION,
      imports,
      modules,
      glueSha256: sha256(glue),
      initialMemoryBytes,
      notResettable,
    },
    files,
  };
}

function checkedImports(component: Uint8Array): string[] {
  if (component.length > RUNTIME_BOUNDS.componentBytes) {
    throw new RuntimeError(
      'component-invalid',
      `The component has ${component.length} bytes; at most ${RUNTIME_BOUNDS.componentBytes} are taken`,
    );
  }
  if (!isComponent(component)) {
    throw new RuntimeError(
      'component-invalid',
      'The file is not a WebAssembly component (a core module must be wrapped as one first)',
    );
  }
  try {
    const imports = componentImports(component);
    const faults = imports.flatMap(({ name, kind }) => {
      const fault = kind === 'instance' ? importFault(name) : 'tasks import interfaces only';
      return fault === undefined ? [] : [`${name} (${fault})`];
    });
    if (faults.length > 0) {
      throw new RuntimeError('component-refused', `The component imports what is not offered: ${faults.join(', ')}`);
    }
    return imports.map(({ name }) => name).toSorted();
  } catch (error) {
    if (error instanceof MalformedWasm)
      throw new RuntimeError('component-invalid', `The component cannot be read: ${error.message}`, { cause: error });
    throw error;
  }
}

async function transpiledOrRefused(component: Uint8Array): Promise<Transpiled> {
  try {
    return await transpile(component);
  } catch (error) {
    throw new RuntimeError('component-invalid', `The component cannot be transpiled: ${firstLine(error)}`, {
      cause: error,
    });
  }
}

/** On the bytes as they came: rewriting could make an invalid module valid. */
function checkModule(name: string, module: Uint8Array): void {
  if (WebAssembly.validate(module)) return;
  throw new RuntimeError(
    'component-invalid',
    `${name} does not validate on Node ${process.versions.node}: ${compileFault(module)}`,
  );
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
function meterAll(modules: ReadonlyMap<string, Uint8Array>): Map<string, Metered> {
  const pass = (exceptions: boolean): Map<string, Metered> =>
    new Map([...modules].map(([name, module]) => [name, meterOrRefuse(name, module, exceptions)]));
  const first = pass(false);
  return [...first.values()].some((metered) => metered.catches) ? pass(true) : first;
}

function meterOrRefuse(name: string, module: Uint8Array, exceptions: boolean): Metered {
  try {
    return meter(module, { exceptions });
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

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split('\n', 1)[0] ?? text;
}
