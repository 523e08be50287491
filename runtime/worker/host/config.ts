import { hostFunction, list, option, result, tuple, type HostInterface } from '../abi/types.js';
import type { Host } from './host.js';
import { CONFIG_ERROR, ok } from './result.js';

/** `wasi:config`: the `[config]` table of the manifest. */
export function config(host: Host): Record<string, HostInterface> {
  return {
    'wasi:config/store': {
      get: hostFunction(['string'], result(option('string'), CONFIG_ERROR), (key: string) => {
        const { config: values } = host.run.request;
        const value = Object.hasOwn(values, key) ? values[key] : undefined;
        host.run.charge(key.length + (value?.length ?? 0));
        return ok(value);
      }),
      'get-all': hostFunction([], result(list(tuple('string', 'string')), CONFIG_ERROR), () => {
        const entries = Object.entries(host.run.request.config).toSorted(([a], [b]) => (a < b ? -1 : 1));
        host.run.charge(entries.reduce((sum, [key, value]) => sum + key.length + value.length, 0));
        return ok(entries);
      }),
    },
  };
}
