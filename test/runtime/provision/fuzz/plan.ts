/** What a random module consists of, chosen before its functions are written. */
import type { FunctionType } from '../reference/decoded-module.js';
import type { ValueType } from '../reference/operations.js';
import type { Random } from './random.js';

export const NUMBERS: readonly ValueType[] = ['i', 'I', 'f', 'F'];
export const TYPES: readonly ValueType[] = ['i', 'i', 'I', 'f', 'F', 'v', 'r', 'e'];

/** What a module consists of that can be suspended: nothing computes with references, throws, or changes tables. */
const SUSPENDABLE_TYPES: readonly ValueType[] = ['i', 'i', 'I', 'f', 'F', 'v'];

export interface PlannedTable {
  readonly element: 'r' | 'e';
  readonly min: number;
  readonly max: number | undefined;
  readonly imported: boolean;
}

interface PlannedGlobal {
  readonly type: ValueType;
  readonly mutable: boolean;
  readonly imported: boolean;
}

interface PlannedMemory {
  readonly min: number;
  readonly max: number;
  readonly imported: boolean;
}

export interface PlannedElements {
  readonly mode: 'active' | 'passive' | 'declarative';
  readonly type: 'r' | 'e';
  readonly table: number;
  readonly offset: number;
  /** Indices of functions; undefined is a null reference. */
  readonly items: readonly (number | undefined)[];
}

interface PlannedData {
  readonly mode: 'active' | 'passive';
  readonly offset: number;
  readonly bytes: readonly number[];
}

/** How the parts of a module are called where they are exported. */
export const EXPORT = { function: 'f', table: 't', memory: 'm', global: 'g', vector: 'v', tag: 'x' } as const;

export class Plan {
  readonly types: FunctionType[] = [];
  readonly imported: FunctionType[];
  readonly functions: FunctionType[];
  readonly memory: PlannedMemory | undefined;
  readonly tables: readonly PlannedTable[];
  readonly globals: readonly PlannedGlobal[];
  /** Of the mutable i32 global that counts calls and rounds of loops down, so that most runs end. */
  readonly steps: number;
  readonly tags: readonly FunctionType[];
  readonly importedTags: number;
  readonly elements: readonly PlannedElements[];
  readonly data: readonly PlannedData[];
  readonly starts: boolean;

  /** The types that values have. */
  readonly valueTypes: readonly ValueType[];

  /** @param suspendable with nothing in it that cannot be suspended. */
  constructor(
    readonly random: Random,
    readonly suspendable = false,
  ) {
    this.valueTypes = suspendable ? SUSPENDABLE_TYPES : TYPES;
    const importedCount = random.below(4);
    this.imported = random.list(importedCount, () => this.#signature(true));
    const own = random.list(1 + random.below(5), () => this.#signature(false));
    this.starts = random.once(6);
    if (this.starts) own.push({ params: [], results: [] });
    this.functions = [...this.imported, ...own];
    this.memory = random.once(12) ? undefined : this.#plannedMemory();
    this.tables = random.list(random.below(4), (i) => this.#table(i === 0 && random.once(3)));
    const globals = random.list(random.below(6), () => ({
      type: random.pick(this.valueTypes),
      mutable: !random.once(3),
      imported: false,
    }));
    const importedGlobals = random.list(random.below(3), () => ({
      type: random.pick(NUMBERS),
      mutable: random.once(2),
      imported: true,
    }));
    this.steps = importedGlobals.length;
    this.globals = [...importedGlobals, { type: 'i', mutable: true, imported: false }, ...globals];
    this.tags = suspendable ? [] : random.list(random.below(3), () => ({ params: this.#some(3, TYPES), results: [] }));
    const forHost = this.tags[0]?.params.every((type) => NUMBERS.includes(type)) ?? false;
    this.importedTags = forHost && random.once(2) ? 1 : 0;
    this.elements = [this.#declarations(), ...random.list(random.below(4), () => this.#element())];
    this.data = random.list(random.below(3), () => this.#datum());
  }

  /** The index of a type, added if there is none such; now and then added twice. */
  typeIndex(params: readonly ValueType[], results: readonly ValueType[]): number {
    const found = this.types.findIndex(
      (type) => type.params.join() === params.join() && type.results.join() === results.join(),
    );
    if (found >= 0 && !this.random.once(20)) return found;
    return this.types.push({ params, results }) - 1;
  }

  #some(most: number, from: readonly ValueType[]): ValueType[] {
    return this.random.list(this.random.below(most + 1), () => this.random.pick(from));
  }

  /** JavaScript can neither give nor take vectors. */
  #signature(forHost: boolean): FunctionType {
    const types = forHost ? this.valueTypes.filter((type) => type !== 'v') : this.valueTypes;
    return { params: this.#some(4, types), results: this.#some(this.random.once(4) ? 3 : 1, types) };
  }

  #plannedMemory(): PlannedMemory {
    const min = this.random.once(15) ? 0 : 1 + this.random.below(3);
    return { min, max: min + this.random.below(5), imported: this.random.once(3) };
  }

  #table(imported: boolean): PlannedTable {
    const min = this.random.below(12);
    const max = this.random.once(3) ? undefined : min + this.random.below(20);
    return { element: this.random.once(3) ? 'e' : 'r', min, max, imported };
  }

  /** Every function may be referred to. */
  #declarations(): PlannedElements {
    const items = Array.from(this.functions.keys());
    return { mode: 'declarative', type: 'r', table: 0, offset: 0, items };
  }

  #element(): PlannedElements {
    const { random } = this;
    const items = random.list(random.below(7), () =>
      random.once(4) ? undefined : random.below(this.functions.length),
    );
    const fits = this.tables.flatMap((table, i) => (table.element === 'r' && table.min >= items.length ? [i] : []));
    if (fits.length > 0 && !random.once(3)) {
      const table = random.pick(fits);
      const room = (this.tables[table] as PlannedTable).min - items.length;
      const offset = random.once(60) ? room + 1 : random.below(room + 1);
      return { mode: 'active', type: 'r', table, offset, items };
    }
    const type = random.once(3) ? 'e' : 'r';
    return { mode: 'passive', type, table: 0, offset: 0, items: type === 'e' ? items.map(() => undefined) : items };
  }

  #datum(): PlannedData {
    const { random } = this;
    const bytes = random.list(random.below(40), () => random.below(256));
    const room = (this.memory?.min ?? 0) * 65_536 - bytes.length;
    const active = room > 0 && random.once(2);
    return { mode: active ? 'active' : 'passive', offset: random.once(60) ? room + 1 : random.below(room + 1), bytes };
  }
}
