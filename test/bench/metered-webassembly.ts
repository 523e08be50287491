/** Lets JavaScript that loads WebAssembly by itself, such as a package's own glue, load it metered. */
import { RUNTIME_BOUNDS } from '../../runtime/index.js';
import { endlessMeter, metered, startOf } from '../runtime/provision/metered-module.js';

/**
 * While `load` runs, every module that is compiled is metered, and every
 * instance is given a host that refills its counter slice by slice.
 * Nothing else may compile WebAssembly meanwhile.
 */
export async function withMetering<Loaded>(load: () => Promise<Loaded>): Promise<Loaded> {
  const plain = { Module: WebAssembly.Module, Instance: WebAssembly.Instance, ...loaders() };
  const Module = new Proxy(WebAssembly.Module, {
    construct: (Original, [source]: [Uint8Array | ArrayBuffer]) => new Original(metered(bytesOf(source))),
  });
  const Instance = new Proxy(WebAssembly.Instance, {
    construct: (Original, [module, imports]: [WebAssembly.Module, WebAssembly.Imports]) => {
      const instance = new Original(module, { ...imports, ...endlessMeter(RUNTIME_BOUNDS.sliceFuel) });
      startOf(instance.exports);
      return instance;
    },
  });
  const instantiate = async (source: unknown, imports: WebAssembly.Imports): Promise<unknown> => {
    if (source instanceof WebAssembly.Module) return new Instance(source, imports);
    const module = new Module(source as Uint8Array);
    return { module, instance: new Instance(module, imports) };
  };
  const compile = async (source: Uint8Array): Promise<WebAssembly.Module> => new Module(source);
  try {
    Object.assign(WebAssembly, { Module, Instance, instantiate, compile });
    return await load();
  } finally {
    Object.assign(WebAssembly, plain);
  }
}

/** Those that TypeScript is not told of, which packages call. */
function loaders(): Readonly<Record<string, unknown>> {
  const { instantiate, compile } = WebAssembly as unknown as Readonly<Record<string, unknown>>;
  return { instantiate, compile };
}

function bytesOf(source: Uint8Array | ArrayBuffer): Uint8Array {
  return source instanceof Uint8Array ? source : new Uint8Array(source);
}
