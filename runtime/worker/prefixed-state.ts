import type { StateReader } from '../state.js';

/** The same state for a run that calls its buckets otherwise: a prefix goes before each name. */
export function prefixedState(state: StateReader, prefix: string): StateReader {
  return {
    snapshot: () => {
      const snapshot = state.snapshot();
      return {
        get: (bucket, key) => snapshot.get(prefix + bucket, key),
        keys: (bucket, after, limit) => snapshot.keys(prefix + bucket, after, limit),
        keysVersion: (bucket) => snapshot.keysVersion(prefix + bucket),
        release: () => snapshot.release(),
      };
    },
    close: () => state.close(),
  };
}
