/**
 * Everything a guest can reach, by interface and function. What is not here
 * cannot be imported: `provision/offered.ts` refuses it at deploy time by name.
 */
import type { HostFunction, HostInterface } from '../abi/types.js';
import { clocks } from './clocks.js';
import { config } from './config.js';
import type { Host } from './host.js';
import { keyvalue } from './keyvalue.js';
import { logging } from './logging.js';
import { messaging } from './messaging.js';
import { random } from './random.js';
import { task } from './task.js';

export class HostImports {
  readonly #interfaces: Readonly<Record<string, HostInterface>>;

  constructor(host: Host) {
    this.#interfaces = {
      ...logging(host),
      ...config(host),
      ...keyvalue(host),
      ...messaging(host),
      ...clocks(host),
      ...random(host),
      ...task(host),
    };
  }

  /** @param name such as "wasi:logging/logging@0.1.0-draft#log". @throws Error when there is none. */
  find(name: string): HostFunction {
    const [qualified = '', functionName = ''] = name.split('#');
    const found = this.#interfaces[qualified.split('@', 1)[0] ?? '']?.[functionName];
    if (found === undefined) throw new Error(`the host has no function ${name}`);
    return found;
  }
}
