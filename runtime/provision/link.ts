/**
 * Records how the generated code joins core modules, once, when a component is
 * prepared. A thread then makes instances from the plan alone: the code is
 * 140 kB for each component, and takes 300 us for each instance.
 *
 * The code runs here with placeholders in place of core instances. Nothing of
 * the guest runs, and what it is given shows up in what it passes on.
 */
import { GLUE_PARAMETERS, HOST_HOOKS, UnsupportedGlue } from './glue.js';
import type { ExportRef, ImportSource, LinkPlan, LinkStep, LoweredRef } from './link-plan.js';

/** Stands for an export, whatever its kind. */
type Placeholder = () => never;

/** Where none was declared, the generated code has null or undefined. */
type Thunk = () => Placeholder | null | undefined;

/** What a canonical function was declared with. Memories and functions are there only once their module is. */
interface CanonicalParts {
  readonly encoding: 'utf8' | 'utf16';
  readonly memory: Thunk;
  readonly realloc: Thunk;
}

/** What the adapted code calls: see `glue.ts`. */
interface HostHooks {
  /** @returns the core function that stands for a host function. */
  lower(name: string, parts: CanonicalParts): unknown;
  /** @returns the core function that drops a handle of a resource. */
  drop(...resource: readonly string[]): unknown;
  lift(handler: CanonicalParts & { readonly call: Placeholder; readonly postReturn: Placeholder | undefined }): void;
}

type Values = Readonly<Record<string, unknown>>;

type Instantiate = (
  getCoreModule: (name: string) => string,
  imports: Values,
  instantiateCore: (module: string, imports?: Readonly<Record<string, Values>>) => { readonly exports: unknown },
) => unknown;

/**
 * @param glue as `adaptGlue` wrote it.
 * @throws UnsupportedGlue when it passes on what is neither a function of the host nor an export of an earlier module.
 */
export function recordLink(glue: string): LinkPlan {
  return new Recorder().record(glue);
}

class Recorder {
  readonly #refs = new Map<unknown, ExportRef>();
  readonly #sources = new Map<unknown, ImportSource>();
  readonly #steps: LinkStep[] = [];
  readonly #lowered: { readonly name: string; readonly parts: CanonicalParts }[] = [];
  readonly #drops: (readonly string[])[] = [];
  readonly #globals: WebAssembly.Global<number>[] = [];
  #handler: LinkPlan['handler'] | undefined;

  record(glue: string): LinkPlan {
    const hooks: HostHooks = {
      lower: (name, parts) => this.#stub({ from: 'lowered', index: this.#lowered.push({ name, parts }) - 1 }),
      drop: (...resource) => this.#stub({ from: 'drop', index: this.#drops.push(resource) - 1 }),
      lift: ({ call, postReturn, encoding, memory, realloc }) => {
        this.#handler = {
          call: this.#needed(call),
          postReturn: this.#optional(postReturn),
          encoding,
          memory: this.#needed(memory()),
          realloc: this.#needed(realloc()),
        };
      },
    };
    const instantiate = compiled(glue);
    instantiate(
      (name) => name,
      importsOf(hooks),
      (module, given = {}) => ({ exports: this.#instantiate(module, given) }),
    );
    if (this.#handler === undefined) throw new Error('the generated code handed out no handler');
    return {
      steps: this.#steps,
      lowered: this.#lowered.map(({ name, parts: { encoding, memory, realloc } }): LoweredRef => {
        return { name, encoding, memory: this.#optional(memory()), realloc: this.#optional(realloc()) };
      }),
      drops: this.#drops,
      globals: this.#globals.map(({ value }) => value),
      handler: this.#handler,
    };
  }

  /** @returns its exports. */
  #instantiate(module: string, given: Readonly<Record<string, Values>>): unknown {
    const core = this.#steps.length;
    const imports = Object.entries(given).flatMap(([from, values]) =>
      Object.entries(values).map(([name, value]) => ({ module: from, name, source: this.#source(value) })),
    );
    this.#steps.push({ module, imports });
    const known = new Map<string, Placeholder>();
    /** Any name is an export: whether there is one, the engine says when it links. */
    const find = (name: string): Placeholder => {
      const found = known.get(name);
      if (found !== undefined) return found;
      const ref = { core, name };
      const placeholder = this.#stub({ from: 'export', ref });
      known.set(name, placeholder);
      this.#refs.set(placeholder, ref);
      return placeholder;
    };
    return new Proxy({}, { get: (_, name) => (typeof name === 'string' ? find(name) : undefined) });
  }

  #stub(source: ImportSource): Placeholder {
    const stub = (): never => {
      throw new UnsupportedGlue('functions of its own before it is linked');
    };
    this.#sources.set(stub, source);
    return stub;
  }

  #source(value: unknown): ImportSource {
    const known = this.#sources.get(value);
    if (known !== undefined) return known;
    if (!isMutableNumber(value)) throw new UnsupportedGlue('a built-in of components that is not offered');
    const source: ImportSource = { from: 'global', index: this.#globals.push(value) - 1 };
    this.#sources.set(value, source);
    return source;
  }

  #optional(value: Placeholder | null | undefined): ExportRef | undefined {
    return value === null || value === undefined ? undefined : this.#needed(value);
  }

  #needed(value: Placeholder | null | undefined): ExportRef {
    const ref = this.#refs.get(value);
    if (ref === undefined) throw new Error('the generated code uses a memory or function that no module exports');
    return ref;
  }
}

function compiled(glue: string): Instantiate {
  // oxlint-disable-next-line typescript/no-implied-eval -- the code was just made by the pinned transpiler
  const make = new Function(...GLUE_PARAMETERS, glue) as (scope: object) => Instantiate;
  return make({ WebAssembly });
}

/** The generated code checks that every function it would call is there, and then calls the hooks instead. */
function importsOf(hooks: HostHooks): Values {
  const anything = new Proxy({}, { get: () => () => undefined });
  return new Proxy<Record<string, unknown>>(
    { [HOST_HOOKS]: hooks },
    { get: (target, name: string) => target[name] ?? anything },
  );
}

/** The flags by which components guard their boundaries. */
function isMutableNumber(value: unknown): value is WebAssembly.Global<number> {
  if (!(value instanceof WebAssembly.Global) || !Number.isInteger(value.value)) return false;
  value.value = Number(value.value); // throws when it is not mutable
  return true;
}
