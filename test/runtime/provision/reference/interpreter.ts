/**
 * A reference interpreter: executes a module as it came, one instruction at a
 * time, and adds up what each costs. Written from the specification, for tests.
 */
import { Activation, type TailCall } from './activation.js';
import {
  decode,
  type DecodedModule,
  type FunctionBody,
  type FunctionType,
  type Instruction,
  type Segment,
} from './decoded-module.js';
import { costOfBytes, ENTRY_COST, PAGE_COST } from './published-costs.js';
import { execute, Trap, type Value } from './single-operations.js';
import { Unfinished, type Callable, type Cell, type Table, type Tag } from './structures.js';
import { PAGE_BYTES } from '../../../../runtime/limits.js';

/** What an import is: a host function, or something made for the other engine as well. */
export type Imported = ((args: readonly Value[]) => readonly Value[]) | WebAssembly.Memory | Table | Cell | Tag;

export interface Bounds {
  /** Fuel after which a run counts as unfinished. */
  readonly fuel: number;
  /** Calls within calls, few enough for the interpreter's own stack. */
  readonly depth: number;
}

const DEFAULT_BOUNDS: Bounds = { fuel: 2_000_000, depth: 400 };

/** The engine's bound on tables: kV8MaxWasmTableSize in wasm-limits.h. */
const MAX_TABLE_ENTRIES = 10_000_000;
const MAX_PAGES = 65_536;

export class ReferenceInstance {
  readonly module: DecodedModule;
  readonly functions: Callable[] = [];
  readonly memories: WebAssembly.Memory[] = [];
  readonly tables: Table[] = [];
  readonly globals: Cell[] = [];
  readonly #tags: Tag[] = [];
  readonly #elements: Value[][];
  readonly #data: Uint8Array[];
  readonly #bounds: Bounds;
  #depth = 0;
  /** What has been executed, in fuel. */
  used = 0;
  /** The names of the instructions that have been executed. */
  readonly executed = new Set<string>();

  /** @param imports by their names alone. */
  constructor(bytes: Uint8Array, imports: Readonly<Record<string, Imported>> = {}, bounds: Partial<Bounds> = {}) {
    this.#bounds = { ...DEFAULT_BOUNDS, ...bounds };
    this.module = decode(bytes);
    this.#import(imports);
    const imported = this.functions.length;
    const { module } = this;
    for (const [i, type] of module.functions.entries()) {
      const body = module.bodies[i] as FunctionBody;
      this.functions.push({ type: module.types[type] as FunctionType, index: imported + i, body });
    }
    for (const { min, max } of module.memories) {
      this.memories.push(new WebAssembly.Memory({ initial: min, ...(max === undefined ? {} : { maximum: max }) }));
    }
    for (const { element, min, max } of module.tables) {
      this.tables.push({ element, max, entries: Array.from({ length: min }, () => null) });
    }
    for (const type of module.tags) this.#tags.push({ type: module.types[type] as FunctionType });
    for (const { type, mutable, initial } of module.globals) {
      this.globals.push({ type, mutable, value: this.#constant(initial) });
    }
    this.#elements = module.elements.map((segment) => segment.items.map((item) => this.#constant(item)));
    this.#data = module.data.map((segment) => segment.bytes);
  }

  #import(imports: Readonly<Record<string, Imported>>): void {
    for (const entry of this.module.imports) {
      const value = imports[entry.name];
      switch (entry.kind) {
        case 'function': {
          const type = this.module.types[entry.type] as FunctionType;
          this.functions.push({ type, index: this.functions.length, host: value as NonNullable<Callable['host']> });
          break;
        }
        case 'table':
          this.tables.push(value as Table);
          break;
        case 'memory':
          this.memories.push(value as WebAssembly.Memory);
          break;
        case 'global':
          this.globals.push(value as Cell);
          break;
        case 'tag':
          this.#tags.push(value as Tag);
          break;
      }
    }
  }

  /** Writes active segments, then runs the start function, as instantiating does. @throws Trap, Thrown, Unfinished */
  initialise(): void {
    for (const [index, segment] of this.module.elements.entries()) {
      if (segment.mode === 'active') {
        this.#tableInit(segment.target, index, this.#offset(segment), 0, segment.items.length);
      }
      if (segment.mode !== 'passive') this.#elements[index] = [];
    }
    for (const [index, segment] of this.module.data.entries()) {
      if (segment.mode !== 'active') continue;
      const offset = this.#offset(segment);
      const memory = this.memories[segment.target] as WebAssembly.Memory;
      if (offset + segment.bytes.length > memory.buffer.byteLength) throw new Trap('data segment is out of bounds');
      this.#memoryInit(segment.target, index, offset, 0, segment.bytes.length);
      this.#data[index] = new Uint8Array(0);
    }
    this.used = 0; // what segments cost is part of the module's size
    if (this.module.start !== undefined) this.call(this.functions[this.module.start] as Callable, []);
  }

  exported(name: string): { readonly kind: number; readonly index: number } | undefined {
    return this.module.exports.find((entry) => entry.name === name);
  }

  /** @throws Trap, Thrown, Unfinished, or what a host function throws. */
  invoke(name: string, args: readonly Value[]): readonly Value[] {
    const entry = this.exported(name);
    return this.call(this.functions[entry?.index ?? -1] as Callable, args);
  }

  call(callee: Callable, args: readonly Value[]): readonly Value[] {
    if (++this.#depth > this.#bounds.depth) throw new Unfinished(`more than ${this.#bounds.depth} calls deep`);
    try {
      for (let next: TailCall | readonly Value[] = { callee, args }; ;) {
        if (!('callee' in next)) return next;
        next = next.callee.body === undefined ? this.#callHost(next) : new Activation(this, next).run();
      }
    } finally {
      this.#depth--;
    }
  }

  #callHost({ callee, args }: TailCall): readonly Value[] {
    return (callee.host as NonNullable<Callable['host']>)(args);
  }

  /** Adds to what has been executed. */
  charge(fuel: number): void {
    this.used += fuel;
    if (this.used > this.#bounds.fuel) throw new Unfinished(`more than ${this.#bounds.fuel} of fuel`);
  }

  #offset(segment: Segment): number {
    return (this.#constant(segment.offset) as number) >>> 0;
  }

  #constant(code: readonly Instruction[]): Value {
    const stack: Value[] = [];
    for (const instruction of code) {
      const { name, indices, constant, operation } = instruction;
      if (name === 'global.get') stack.push((this.globals[indices[0] as number] as Cell).value);
      else if (name === 'ref.func') stack.push(this.functions[indices[0] as number] as Callable);
      else if (name === 'ref.null') stack.push(null);
      else if (operation !== undefined) stack.push(execute(operation, stack.splice(-2), []) as Value);
      else if (constant !== undefined) stack.push(constant);
    }
    return stack[0] as Value;
  }

  /** The bytes of a memory from `address`, if they are all there. @throws Trap */
  bytes(memory: number, address: number, count: number): Uint8Array {
    const { buffer } = this.memories[memory] as WebAssembly.Memory;
    if (address + count > buffer.byteLength) throw new Trap('memory access out of bounds');
    return new Uint8Array(buffer, address, count);
  }

  /** The entries of a table from `index`, to be there. @throws Trap */
  #entries(table: number, index: number, count: number): Value[] {
    const { entries } = this.tables[table] as Table;
    if (index + count > entries.length) throw new Trap('table index is out of bounds');
    return entries;
  }

  #memoryInit(memory: number, segment: number, to: number, from: number, count: number): void {
    const source = this.#data[segment] as Uint8Array;
    const target = this.bytes(memory, to, count);
    if (from + count > source.length) throw new Trap('memory access out of bounds');
    target.set(source.subarray(from, from + count));
    this.charge(costOfBytes(count));
  }

  #tableInit(table: number, segment: number, to: number, from: number, count: number): void {
    const source = this.#elements[segment] as Value[];
    const entries = this.#entries(table, to, count);
    if (from + count > source.length) throw new Trap('element segment out of bounds');
    for (let i = 0; i < count; i++) entries[to + i] = source[from + i] as Value;
    this.charge(count * ENTRY_COST);
  }

  /** Executes an instruction that works on memories, tables or segments. */
  bulk(name: string, indices: readonly number[], stack: Value[]): void {
    const [first = 0, second = 0] = indices;
    const u32 = (): number => (stack.pop() as number) >>> 0;
    switch (name) {
      case 'memory.size':
        stack.push((this.memories[first] as WebAssembly.Memory).buffer.byteLength / PAGE_BYTES);
        break;
      case 'memory.grow':
        stack.push(this.#growMemory(first, u32()));
        break;
      case 'memory.fill': {
        const [count, value, to] = [u32(), u32(), u32()];
        this.bytes(first, to, count).fill(value & 0xff);
        this.charge(costOfBytes(count));
        break;
      }
      case 'memory.copy': {
        const [count, from, to] = [u32(), u32(), u32()];
        const target = this.bytes(first, to, count);
        target.set(this.bytes(second, from, count));
        this.charge(costOfBytes(count));
        break;
      }
      case 'memory.init': {
        const [count, from, to] = [u32(), u32(), u32()];
        this.#memoryInit(second, first, to, from, count);
        break;
      }
      case 'data.drop':
        this.#data[first] = new Uint8Array(0);
        break;
      case 'elem.drop':
        this.#elements[first] = [];
        break;
      case 'table.size':
        stack.push((this.tables[first] as Table).entries.length);
        break;
      case 'table.get': {
        const at = u32();
        stack.push(this.#entries(first, at, 1)[at] as Value);
        break;
      }
      case 'table.set': {
        const [value, at] = [stack.pop() as Value, u32()];
        this.#entries(first, at, 1)[at] = value;
        break;
      }
      case 'table.grow': {
        const [count, value] = [u32(), stack.pop() as Value];
        stack.push(this.#growTable(first, count, value));
        break;
      }
      case 'table.fill': {
        const [count, value, to] = [u32(), stack.pop() as Value, u32()];
        this.#entries(first, to, count).fill(value, to, to + count);
        this.charge(count * ENTRY_COST);
        break;
      }
      case 'table.copy': {
        const [count, from, to] = [u32(), u32(), u32()];
        const target = this.#entries(first, to, count);
        const source = this.#entries(second, from, count).slice(from, from + count);
        for (const [i, value] of source.entries()) target[to + i] = value;
        this.charge(count * ENTRY_COST);
        break;
      }
      case 'table.init': {
        const [count, from, to] = [u32(), u32(), u32()];
        this.#tableInit(second, first, to, from, count);
        break;
      }
      default:
        throw new Error(`the reference interpreter does not execute ${name}`);
    }
  }

  #growMemory(index: number, pages: number): number {
    const memory = this.memories[index] as WebAssembly.Memory;
    if (pages > MAX_PAGES) return -1;
    try {
      const before = memory.grow(pages);
      this.charge(pages * PAGE_COST);
      return before;
    } catch (error) {
      if (error instanceof RangeError) return -1; // beyond its maximum
      throw error;
    }
  }

  #growTable(index: number, count: number, value: Value): number {
    const { entries, max } = this.tables[index] as Table;
    if (entries.length + count > Math.min(max ?? MAX_TABLE_ENTRIES, MAX_TABLE_ENTRIES)) return -1;
    const before = entries.length;
    for (let i = 0; i < count; i++) entries.push(value);
    this.charge(count * ENTRY_COST);
    return before;
  }

  tag(index: number): Tag {
    return this.#tags[index] as Tag;
  }

  /** The function that an entry of a table refers to. @throws Trap as the instruction `call_indirect` does. */
  indirect(type: FunctionType, table: number, index: number): Callable {
    const callee = this.#entries(table, index, 1)[index] as Callable | null;
    if (callee === null || !sameType(callee.type, type)) throw new Trap('null function or function signature mismatch');
    return callee;
  }
}

function sameType(a: FunctionType, b: FunctionType): boolean {
  return a.params.join() === b.params.join() && a.results.join() === b.results.join();
}
