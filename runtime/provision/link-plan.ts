/** How a component's core modules are joined, as data: what its instances are made from, without the generated code. */

/** An export of an earlier core instance. */
export interface ExportRef {
  /** Index of the step that made the instance. */
  readonly core: number;
  readonly name: string;
}

/** A function of the host, lowered for the core module that imports it. */
export interface LoweredRef {
  /** Such as "wasi:logging/logging@0.1.0-draft#log". */
  readonly name: string;
  readonly encoding: 'utf8' | 'utf16';
  readonly memory: ExportRef | undefined;
  readonly realloc: ExportRef | undefined;
}

/** Where an import comes from. */
export type ImportSource =
  | { readonly from: 'export'; readonly ref: ExportRef }
  /** Index in `LinkPlan.lowered`. */
  | { readonly from: 'lowered'; readonly index: number }
  /** What drops a resource's handle. */
  | { readonly from: 'drop'; readonly index: number }
  /** A mutable i32 global that belongs to none of the modules. Index in `LinkPlan.globals`. */
  | { readonly from: 'global'; readonly index: number };

export interface LinkStep {
  /** The core module's file name. */
  readonly module: string;
  readonly imports: readonly { readonly module: string; readonly name: string; readonly source: ImportSource }[];
}

export interface LinkPlan {
  /** In the order in which the core modules are instantiated. */
  readonly steps: readonly LinkStep[];
  readonly lowered: readonly LoweredRef[];
  /** Arguments with which each function that drops handles is asked for. */
  readonly drops: readonly (readonly string[])[];
  /** First values of globals that belong to none of the modules. */
  readonly globals: readonly number[];
  readonly handler: {
    readonly call: ExportRef;
    readonly postReturn: ExportRef | undefined;
    readonly encoding: 'utf8' | 'utf16';
    readonly memory: ExportRef;
    readonly realloc: ExportRef;
  };
}

/** Whether parsed JSON is a plan. What its names refer to, the engine checks when it links. */
export function isLinkPlan(value: unknown): value is LinkPlan {
  if (!isObject(value)) return false;
  const { steps, lowered, drops, globals, handler } = value;
  return (
    isListOf(steps, isStep) &&
    isListOf(lowered, isLowered) &&
    isListOf(drops, (what) => isListOf(what, isText)) &&
    isListOf(globals, isIndex) &&
    isObject(handler) &&
    isEncoding(handler['encoding']) &&
    isRef(handler['call']) &&
    isOptionalRef(handler['postReturn']) &&
    isRef(handler['memory']) &&
    isRef(handler['realloc'])
  );
}

function isStep(step: unknown): boolean {
  if (!isObject(step) || !isText(step['module'])) return false;
  return isListOf(
    step['imports'],
    (entry) => isObject(entry) && isText(entry['module']) && isText(entry['name']) && isSource(entry['source']),
  );
}

function isSource(source: unknown): boolean {
  if (!isObject(source)) return false;
  switch (source['from']) {
    case 'export':
      return isRef(source['ref']);
    case 'lowered':
    case 'drop':
    case 'global':
      return isIndex(source['index']);
    default:
      return false;
  }
}

function isLowered(value: unknown): boolean {
  return (
    isObject(value) &&
    isText(value['name']) &&
    isEncoding(value['encoding']) &&
    isOptionalRef(value['memory']) &&
    isOptionalRef(value['realloc'])
  );
}

function isRef(value: unknown): boolean {
  return isObject(value) && isIndex(value['core']) && isText(value['name']);
}

function isOptionalRef(value: unknown): boolean {
  return value === undefined || isRef(value);
}

function isEncoding(value: unknown): boolean {
  return value === 'utf8' || value === 'utf16';
}

function isIndex(value: unknown): boolean {
  return Number.isSafeInteger(value);
}

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

function isListOf(value: unknown, isItem: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(isItem);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
