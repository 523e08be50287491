/**
 * Everything a guest can reach. The generated code looks interfaces up by their
 * names without versions; what is not here cannot be imported (see
 * `provision/offered.ts`, which refuses it at deploy time by name).
 */
import { clocks } from './clocks.js';
import { config } from './config.js';
import type { Host } from './host.js';
import { keyvalue } from './keyvalue.js';
import { logging } from './logging.js';
import { messaging } from './messaging.js';
import { random } from './random.js';
import { task } from './task.js';

type Interface = Readonly<Record<string, unknown>>;

export function hostImports(host: Host): Record<string, Interface> {
  return {
    ...timed(host, {
      ...logging(host),
      ...config(host),
      ...messaging(host),
      ...clocks(host),
      ...random(host),
      ...task(host),
    }),
    // A class with methods, which time themselves.
    ...keyvalue(host),
  };
}

/** Measures the time spent in host calls. */
function timed(
  host: Host,
  interfaces: Record<string, Record<string, (...args: never[]) => unknown>>,
): Record<string, Interface> {
  return Object.fromEntries(
    Object.entries(interfaces).map(([name, functions]) => [
      name,
      Object.fromEntries(Object.entries(functions).map(([key, call]) => [key, timedCall(host, call)])),
    ]),
  );
}

function timedCall<Args extends unknown[], Result>(
  host: Host,
  call: (...args: Args) => Result,
): (...args: Args) => Result {
  return (...args) => {
    const from = performance.now();
    try {
      return call(...args);
    } finally {
      host.run.hostMs += performance.now() - from;
    }
  };
}
