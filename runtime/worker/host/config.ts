import type { Host } from './host.js';
import { ok, type HostResult } from './result.js';

/** `wasi:config`: the `[config]` table of the manifest. */
export function config(host: Host) {
  return {
    'wasi:config/store': {
      get(key: string): HostResult<string | undefined, never> {
        const { config: values } = host.run.request;
        const value = Object.hasOwn(values, key) ? values[key] : undefined;
        host.run.charge(key.length + (value?.length ?? 0));
        return ok(value);
      },
      getAll(): HostResult<[string, string][], never> {
        const entries = Object.entries(host.run.request.config).toSorted(([a], [b]) => (a < b ? -1 : 1));
        host.run.charge(entries.reduce((sum, [key, value]) => sum + key.length + value.length, 0));
        return ok(entries);
      },
    },
  };
}
