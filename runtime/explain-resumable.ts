/** Whether a component can be resumable, and what that costs. */
import { RuntimeError } from './errors.js';
import { Provisioner } from './provision/provisioner.js';
import { DEFAULT_POINTS, type Points } from './provision/suspend/points.js';
import type { Bytes } from './task.js';

export type Resumability =
  | {
      readonly resumable: true;
      /** Of the prepared modules, as they are suspended, and as they would be otherwise. */
      readonly sizeBytes: Bytes;
      readonly plainBytes: Bytes;
    }
  | { readonly resumable: false; readonly reasons: readonly string[] };

export interface ExplainOptions {
  /** Where prepared components are kept. */
  readonly cacheDir: string;
  readonly memoryBytes: Bytes;
  readonly points?: Points;
}

/**
 * Prepares a component both ways, in processes of their own.
 * @throws RuntimeError when it cannot be a task at all.
 */
export async function explainResumable(component: Uint8Array, options: ExplainOptions): Promise<Resumability> {
  const { cacheDir, memoryBytes, points = DEFAULT_POINTS } = options;
  const provisioner = new Provisioner(cacheDir);
  const size = async (resumable: Points | undefined): Promise<Bytes> => {
    const { modules } = await provisioner.prepare(component, { memoryBytes, resumable });
    return modules.reduce((sum, { bytes }) => sum + bytes, 0);
  };
  try {
    const plainBytes = await size(undefined);
    try {
      return { resumable: true, sizeBytes: await size(points), plainBytes };
    } catch (error) {
      if (!(error instanceof RuntimeError)) throw error;
      return { resumable: false, reasons: reasonsOf(error) };
    }
  } finally {
    provisioner.close();
  }
}

/** Why a component that can be a task cannot be a resumable one: what is in it, or that rewriting it takes too much. */
function reasonsOf(error: RuntimeError): readonly string[] {
  return error.message.replace(/^The task cannot be resumable: /, '').split('; ');
}
