import type { Bytes } from '../../runtime/index.js';
import { Installations } from '../installations.js';
import type { ProviderPolicy } from '../policy.js';
import type { TaskSpec } from '../protocol/index.js';
import { bytesOf, type PointContent } from '../protocol/migration/index.js';

/** What the runs of one hub that move take here, and may take. */
export class Room {
  readonly #most: Bytes;
  readonly #bytes = new Map<string, Bytes>();

  constructor({ stubBytes }: Pick<ProviderPolicy, 'stubBytes'>) {
    this.#most = stubBytes;
  }

  /** Why a content of a run is more than they may have; undefined when it is not. */
  tooMuch(id: string, content: PointContent): string | undefined {
    const most = this.#most;
    let bytes = bytesOf(content);
    for (const [other, kept] of this.#bytes) if (other !== id) bytes += kept;
    return bytes > most ? `runs of a hub that move may have ${most} bytes here: they would have ${bytes}` : undefined;
  }

  /** Whether a content is to wait here beside so much that waits: one is, however large. What is not is said again. */
  mayWait(content: PointContent, waitingBytes: Bytes): boolean {
    const bytes = bytesOf(content);
    return bytes === 0 || waitingBytes === 0 || waitingBytes + bytes <= this.#most;
  }

  take(id: string, content: PointContent): void {
    this.#bytes.set(id, bytesOf(content));
  }

  leave(id: string): void {
    this.#bytes.delete(id);
  }
}

/** A run as far as it counts among versions. */
interface Versioned {
  readonly id: string;
  readonly task: string;
  readonly spec: TaskSpec;
}

/**
 * Runs of versions that are not configured any more, beyond those that may be. Else a hub would have what it likes
 * installed here, by configuring one thing after another. Pure.
 * @param now The task of a name as it is configured.
 */
export function beyondOldVersions(
  runs: Iterable<Versioned>,
  now: (task: string) => TaskSpec | undefined,
  { oldVersions: most, componentBytes }: Pick<ProviderPolicy, 'oldVersions' | 'componentBytes'>,
): readonly string[] {
  const old = new Set<string>();
  const beyond: string[] = [];
  let bytes = 0;
  for (const { id, task, spec } of runs) {
    const name = Installations.nameOf(spec);
    const configured = now(task);
    if (old.has(name) || (configured !== undefined && Installations.nameOf(configured) === name)) continue;
    if (old.size < most && bytes + spec.bytes <= componentBytes) {
      old.add(name);
      bytes += spec.bytes;
    } else beyond.push(id);
  }
  return beyond;
}
