/** A component prepared for running on this machine, as a folder of the cache. */
import { createHash } from 'node:crypto';
import type { Bytes } from '../task.js';
import { isLinkPlan, type LinkPlan } from './link-plan.js';
import { isShape } from './suspend/shape.js';
import type { Resumable } from './suspend/suspend.js';

export interface ArtifactModule {
  /** The name under which the plan asks for it, which is its file name. */
  readonly name: string;
  readonly sha256: string;
  readonly bytes: Bytes;
}

export interface Artifact {
  /** The folder's name: from the component's digest, the instrumentation and its options. */
  readonly key: string;
  /** sha256 of the component file, in hex. */
  readonly digest: string;
  readonly instrumentation: string;
  readonly imports: readonly string[];
  readonly modules: readonly ArtifactModule[];
  /** How the modules are joined. */
  readonly link: LinkPlan;
  readonly initialMemoryBytes: Bytes;
  /** Why an instance must be built anew for each event, or undefined if it can be reset. */
  readonly notResettable: string | undefined;
  /** How its runs are suspended, or undefined if they are not. */
  readonly resumable?: Resumable | undefined;
}

export const META_FILE = 'artifact.json';

/** The contents of `META_FILE`: the description and its digest. */
export function artifactFile(artifact: Artifact): string {
  return JSON.stringify({ artifact, sha256: digestOf(artifact) });
}

/** The description in such a file, or undefined if it is damaged. */
export function parseArtifactFile(text: string): Artifact | undefined {
  const file: unknown = JSON.parse(text);
  if (typeof file !== 'object' || file === null || !('artifact' in file) || !('sha256' in file)) return undefined;
  return isArtifact(file.artifact) && digestOf(file.artifact) === file.sha256 ? file.artifact : undefined;
}

function digestOf(artifact: Artifact): string {
  return createHash('sha256').update(JSON.stringify(artifact)).digest('hex');
}

/** Whether parsed JSON is the description of a prepared component. */
function isArtifact(value: unknown): value is Artifact {
  if (typeof value !== 'object' || value === null) return false;
  const candidate = value as Partial<Record<keyof Artifact, unknown>>;
  return (
    typeof candidate.key === 'string' &&
    typeof candidate.digest === 'string' &&
    typeof candidate.instrumentation === 'string' &&
    isLinkPlan(candidate.link) &&
    typeof candidate.initialMemoryBytes === 'number' &&
    (candidate.notResettable === undefined || typeof candidate.notResettable === 'string') &&
    (candidate.resumable === undefined || isResumable(candidate.resumable)) &&
    Array.isArray(candidate.imports) &&
    candidate.imports.every((name) => typeof name === 'string') &&
    Array.isArray(candidate.modules) &&
    candidate.modules.every(isArtifactModule)
  );
}

function isResumable(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    'core' in value &&
    Number.isSafeInteger(value.core) &&
    'instrumentation' in value &&
    typeof value.instrumentation === 'string' &&
    'shape' in value &&
    isShape(value.shape)
  );
}

function isArtifactModule(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    'name' in value &&
    typeof value.name === 'string' &&
    /^[\w.-]+\.wasm$/.test(value.name) &&
    'sha256' in value &&
    typeof value.sha256 === 'string'
  );
}
