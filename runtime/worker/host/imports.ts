/**
 * Everything a guest can reach, by interface and function. What is not here
 * cannot be imported: `provision/offered.ts` refuses it at deploy time by name.
 */
import type { HostFunction, HostInterface } from '../abi/types.js';
import { cli } from './cli.js';
import { clocks } from './clocks.js';
import { config } from './config.js';
import { filesystem } from './filesystem.js';
import type { Host } from './host.js';
import { io } from './io.js';
import { keyvalue } from './keyvalue.js';
import { logging } from './logging.js';
import { messaging } from './messaging.js';
import { random } from './random.js';
import { task } from './task.js';

type Interfaces = Readonly<Record<string, HostInterface>>;

/** Made when first asked for: most guests import few. */
const PACKAGES: Readonly<Record<string, (host: Host) => Interfaces>> = {
  'wasi:logging': logging,
  'wasi:config': config,
  'wasi:keyvalue': keyvalue,
  'wasmcloud:messaging': messaging,
  'wasi:clocks': clocks,
  'wasi:random': random,
  'wasi:io': io,
  'wasi:cli': cli,
  'wasi:filesystem': filesystem,
  'sterna:task': task,
};

export class HostImports {
  readonly #host: Host;
  readonly #made = new Map<string, Interfaces>();

  constructor(host: Host) {
    this.#host = host;
  }

  /** @param name such as "wasi:logging/logging#log", without a version. @throws Error when there is none. */
  find(name: string): HostFunction {
    const found = this.lookUp(name);
    if (found === undefined) throw new Error(`the host has no function ${name}`);
    return found;
  }

  /** The same, or undefined when there is none. */
  lookUp(name: string): HostFunction | undefined {
    const [interfaceName = '', functionName = ''] = name.split('#');
    const packageName = interfaceName.split('/', 1)[0] ?? '';
    let interfaces = this.#made.get(packageName);
    if (interfaces === undefined) {
      interfaces = entry(PACKAGES, packageName)?.(this.#host) ?? {};
      this.#made.set(packageName, interfaces);
    }
    const found = entry(interfaces, interfaceName);
    return found === undefined ? undefined : entry(found, functionName);
  }
}

/** A guest may ask for "constructor": what every object has is not an entry. */
function entry<Value>(table: Readonly<Record<string, Value>>, name: string): Value | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
