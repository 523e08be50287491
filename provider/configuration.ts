/** One configuration on its way from "configure" to "ready". */
import { randomBytes } from 'node:crypto';
import { RUNTIME_BOUNDS, type Bytes, type Grants, type Limits } from '../runtime/index.js';
import type { ComponentStore, Upload } from './components.js';
import type { Installation, Installations } from './installations.js';
import { cappedLimits, limitFault, type ProviderPolicy } from './policy.js';
import { NONCE_BYTES, PROTOCOL_BOUNDS, ProtocolError, type TaskSpec, type TaskState } from './protocol/index.js';

/** A task that a session may run. */
export interface SessionTask {
  readonly spec: TaskSpec;
  /** What its runs may use: at most what the spec asks for. */
  readonly limits: Limits;
  readonly installation: Installation;
  /** What its next run is expected to take. */
  expectedFuel: number;
  /** Undefined before the first: it may be long, and so one is seen before there are more. */
  meanWallMs: number | undefined;
  /** The spec's grants, with the buckets of a replica; made anew when the replica has another name. */
  grants: { readonly prefix: string; readonly grants: Grants } | undefined;
}

export interface ConfigurationParts {
  readonly components: ComponentStore;
  readonly installations: Installations;
  readonly policy: ProviderPolicy;
  /** The hub, as its uploads are kept by. */
  readonly hub: string;
  /** Components that this hub has shown to have, in this session. */
  readonly proven: Set<string>;
}

/**
 * A hub has a component when it proves to have its bytes: it hashes them
 * together with a nonce. All of its digests are challenged, also those that
 * are not here; so a hub that has only heard of a digest is told "upload it"
 * whether or not others have it.
 */
export class Configuration {
  readonly nonce = randomBytes(NONCE_BYTES);
  readonly #parts: ConfigurationParts;
  readonly #accepted: readonly TaskSpec[];
  readonly #refused = new Map<string, string>();
  readonly #uploads = new Map<string, Upload>();
  /** Components that do not go while others make room, before they are installed. */
  readonly #held = new Set<string>();

  /** What is more than a session may have is refused task by task: the first ones count. @throws ProtocolError 'malformed' */
  constructor(
    readonly number: number,
    readonly tasks: readonly TaskSpec[],
    parts: ConfigurationParts,
  ) {
    this.#parts = parts;
    const names = new Set(tasks.map(({ name }) => name));
    if (names.size < tasks.length) throw new ProtocolError('malformed', 'Two tasks of a configuration have one name');
    const accepted: TaskSpec[] = [];
    const digests = new Set<string>();
    let bytes = 0;
    for (const task of tasks) {
      const more = digests.has(task.digest) ? 0 : task.bytes;
      const load = { tasks: accepted.length + 1, bytes: bytes + more };
      const fault = this.#faultOf(task) ?? surplusOf(load, parts.policy);
      if (fault !== undefined) {
        this.#refused.set(task.name, fault);
        continue;
      }
      accepted.push(task);
      digests.add(task.digest);
      bytes += more;
    }
    this.#accepted = accepted;
  }

  /** Components that the hub must show to have. */
  get unproven(): readonly string[] {
    return [...new Set(this.#accepted.map(({ digest }) => digest))].filter(
      (digest) => !(this.#parts.proven.has(digest) && this.#parts.components.has(digest)),
    );
  }

  /** Looks at proofs, and begins uploads. @returns what is wanted, and from where on. */
  async prove(
    proofs: readonly { readonly digest: string; readonly proof: Uint8Array }[],
  ): Promise<readonly { readonly digest: string; readonly offset: number }[]> {
    const { components, hub, proven } = this.#parts;
    await components.settle(hub);
    const unproven = new Set(this.unproven);
    for (const { digest } of this.#accepted) if (!unproven.has(digest)) this.#hold(digest);
    // Each is looked at once: a proof takes the hub nothing, and a look at it the whole component.
    for (const [digest, proof] of new Map(proofs.map((each) => [each.digest, each.proof]))) {
      if (!unproven.has(digest)) continue;
      const expected = await components.proofOf(digest, this.nonce);
      if (expected === undefined || Buffer.compare(expected, proof) !== 0 || !components.has(digest)) continue;
      this.#hold(digest);
      proven.add(digest);
      unproven.delete(digest);
    }
    await components.forgetUploads(hub, unproven);
    for (const digest of unproven) {
      const { bytes = 0 } = this.#accepted.find((task) => task.digest === digest) ?? {};
      this.#uploads.set(digest, await components.upload(hub, digest, bytes));
    }
    // One whose last piece came just before the link was cut.
    for (const [digest, upload] of this.#uploads) if (upload.isComplete) await this.#finish(digest, upload);
    return [...this.#uploads].map(([digest, { received }]) => ({ digest, offset: received }));
  }

  get isReceived(): boolean {
    return this.#uploads.size === 0;
  }

  /** Takes a piece. @returns how much is there; undefined when it belongs to no upload of this configuration. */
  async take(digest: string, offset: number, piece: Uint8Array): Promise<number | undefined> {
    const upload = this.#uploads.get(digest);
    if (upload === undefined) return undefined;
    if (!upload.fits(offset, piece.length)) {
      const expected = `A piece of ${digest} must begin at ${upload.received} and end within the component`;
      throw new ProtocolError('out-of-turn', `${expected}: it begins at ${offset}`);
    }
    await upload.append(piece);
    if (upload.isComplete) await this.#finish(digest, upload);
    return upload.received;
  }

  /** Installs what was accepted, one after the other, so that one hub does not keep the others out. */
  async provision(isStale: () => boolean): Promise<Map<string, SessionTask>> {
    const ready = new Map<string, SessionTask>();
    try {
      await this.#install(ready, isStale);
    } finally {
      this.#release();
    }
    return ready;
  }

  async #install(ready: Map<string, SessionTask>, isStale: () => boolean): Promise<void> {
    for (const spec of this.#accepted) {
      if (isStale()) break;
      if (this.#refused.has(spec.name)) continue;
      try {
        const limits = cappedLimits(spec.limits, this.#parts.policy.limits);
        const installation = await this.#parts.installations.install({ ...spec, limits });
        ready.set(spec.name, { spec, limits, installation, expectedFuel: 0, meanWallMs: undefined, grants: undefined });
      } catch (error) {
        this.#refused.set(spec.name, error instanceof Error ? error.message : String(error));
      }
    }
  }

  statesOf(ready: ReadonlyMap<string, SessionTask>): readonly TaskState[] {
    return this.tasks.map(({ name }): TaskState => {
      const task = ready.get(name);
      if (task === undefined) {
        const message = this.#refused.get(name) ?? 'it was given up';
        return { name, state: 'refused', message: message.slice(0, PROTOCOL_BOUNDS.messageLength) };
      }
      return {
        name,
        state: 'ready',
        limits: task.limits,
        startFuel: task.installation.installed.startFuel,
      };
    });
  }

  /** What was begun to be uploaded is kept for the next time. */
  async abandon(): Promise<void> {
    for (const upload of this.#uploads.values()) await upload.suspend();
    this.#uploads.clear();
    this.#release();
  }

  #hold(digest: string): void {
    if (this.#held.has(digest)) return;
    const { components } = this.#parts;
    components.use(digest);
    this.#held.add(digest);
    const bytes = components.sizeOf(digest);
    // Who has shown to have it may know how much it is. A quota counts what is there, and not what is said.
    const fault = `its component has ${bytes} bytes, and not as many as it says`;
    for (const task of this.#accepted) {
      if (task.digest === digest && task.bytes !== bytes) this.#refused.set(task.name, fault);
    }
  }

  #release(): void {
    for (const digest of this.#held) this.#parts.components.release(digest);
    this.#held.clear();
  }

  async #finish(digest: string, upload: Upload): Promise<void> {
    this.#uploads.delete(digest);
    const fault = await upload.finish();
    if (fault === undefined) {
      this.#held.add(digest);
      this.#parts.proven.add(digest);
    } else for (const task of this.#accepted) if (task.digest === digest) this.#refused.set(task.name, fault);
  }

  #faultOf({ limits, bytes, grants, digest, resumable }: TaskSpec): string | undefined {
    const { policy } = this.#parts;
    if (bytes > RUNTIME_BOUNDS.componentBytes) {
      return `a component must have at most ${RUNTIME_BOUNDS.componentBytes} bytes: it has ${bytes}`;
    }
    if (Object.keys(grants.buckets).length > policy.tasks) return 'it has too many buckets';
    const sameDigest = this.tasks.find((task) => task.digest === digest);
    if (sameDigest !== undefined && sameDigest.bytes !== bytes) return 'one component cannot have two sizes';
    // A run that moves has its limits with it: they are the same wherever it is.
    return resumable === undefined ? undefined : limitFault(limits, policy.movedLimits);
  }
}

/** What a session would have with a task more. */
interface Load {
  readonly tasks: number;
  /** Of components, each once. */
  readonly bytes: Bytes;
}

/** Why a task is more than a session may have beside those that came before it. */
function surplusOf({ tasks, bytes }: Load, policy: ProviderPolicy): string | undefined {
  if (tasks > policy.tasks) return `a session must have at most ${policy.tasks} tasks, and as many came before it`;
  if (bytes <= policy.componentBytes) return undefined;
  const most = `the components of a session must have at most ${policy.componentBytes} bytes`;
  return `${most}: with its own, and those that came before it, they would have ${bytes}`;
}
