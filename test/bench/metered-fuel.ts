import { MeteredInstance, metered } from '../runtime/provision/metered-module.js';

/** The fuel that `run(argument)` of a module takes. */
export function meteredFuel(module: Uint8Array, argument: number): number {
  const instance = new MeteredInstance(new WebAssembly.Module(metered(module)), { host: { f: () => undefined } });
  instance.start();
  const before = instance.used;
  (instance.exports['run'] as (argument: number) => void)(argument);
  return instance.used - before;
}
