import type { StoredPoint } from '../store/index.js';

/** The files without which a point cannot be resumed. */
export function filesOf({ digest, base }: StoredPoint): readonly string[] {
  return base === undefined ? [digest] : [digest, base];
}
