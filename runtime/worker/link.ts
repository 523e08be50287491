/** Makes the core instances of a component and joins them as its plan says. */
import type { ExportRef, ImportSource, LinkPlan } from '../provision/link-plan.js';
import type { CanonicalOptions } from './abi/guest-memory.js';
import type { HandlerExport } from './abi/handler.js';

/** What the instance does for whoever joins its modules. */
export interface Linking {
  /** Instantiates the core module of this file name and runs its start function. */
  instantiate(name: string, imports: WebAssembly.Imports): WebAssembly.Instance;
  /** @returns the core function that stands for a host function. */
  lower(name: string, options: CanonicalOptions): unknown;
  /** @returns the core function that drops a resource's handle. */
  drop(...what: readonly string[]): unknown;
  /** Tells of a global that belongs to none of the modules. */
  global(global: WebAssembly.Global<number>): void;
  /** @returns what stands for an export of a core instance where another one imports it. */
  lend(core: number, value: unknown): unknown;
}

/** @throws what the start functions end with; WebAssembly.LinkError when modules and plan do not fit. */
export function link(plan: LinkPlan, linking: Linking): HandlerExport {
  return new Link(plan, linking).run();
}

class Link {
  readonly #plan: LinkPlan;
  readonly #linking: Linking;
  readonly #cores: WebAssembly.Exports[] = [];
  readonly #lowered: readonly unknown[];
  readonly #drops: readonly unknown[];
  readonly #globals: readonly WebAssembly.Global<number>[];

  constructor(plan: LinkPlan, linking: Linking) {
    this.#plan = plan;
    this.#linking = linking;
    this.#lowered = plan.lowered.map(({ name, encoding, memory, realloc }) =>
      linking.lower(name, { encoding, memory: this.#later(memory), realloc: this.#later(realloc) }),
    );
    this.#drops = plan.drops.map((what) => linking.drop(...what));
    this.#globals = plan.globals.map((value) => {
      const global = new WebAssembly.Global({ value: 'i32', mutable: true }, value);
      linking.global(global);
      return global;
    });
  }

  run(): HandlerExport {
    for (const { module, imports } of this.#plan.steps) {
      const given = bare<Record<string, unknown>>();
      for (const entry of imports) (given[entry.module] ??= bare())[entry.name] = this.#value(entry.source);
      this.#cores.push(this.#linking.instantiate(module, given).exports);
    }
    const { call, postReturn, encoding, memory, realloc } = this.#plan.handler;
    return {
      call: this.#export(call) as HandlerExport['call'],
      postReturn: postReturn && (this.#export(postReturn) as HandlerExport['postReturn']),
      encoding,
      memory: this.#later(memory),
      realloc: this.#later(realloc),
    };
  }

  #value(source: ImportSource): unknown {
    switch (source.from) {
      case 'export':
        return this.#linking.lend(source.ref.core, this.#export(source.ref));
      case 'lowered':
        return this.#lowered[source.index];
      case 'drop':
        return this.#drops[source.index];
      case 'global':
        return this.#globals[source.index];
    }
  }

  #export({ core, name }: ExportRef): WebAssembly.Extern | undefined {
    return this.#cores[core]?.[name];
  }

  /** An export whose module need not be there yet; asked for at each host call, so it is looked up once. */
  #later(ref: ExportRef | undefined): () => never {
    let found: WebAssembly.Extern | undefined;
    // A memory or a function, as the plan says: the engine has checked the module that exports it.
    return () => (found ??= ref && this.#export(ref)) as never;
  }
}

/** An object that inherits nothing: a module may name its imports "__proto__". */
function bare<Value>(): Record<string, Value> {
  return Object.create(null) as Record<string, Value>;
}
