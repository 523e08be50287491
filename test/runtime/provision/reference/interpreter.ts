/**
 * A reference interpreter: executes a module as it came, one instruction at a
 * time, and adds up what each costs. Written from the specification, for tests.
 */
import {
  decode,
  type DecodedModule,
  type FunctionBody,
  type FunctionType,
  type Instruction,
  type Segment,
} from './decoded-module.js';
import type { ValueType } from './operations.js';
import { costOfBytes, ENTRY_COST, PAGE_COST } from './published-costs.js';
import { execute, scratch, Trap, type Value } from './single-operations.js';
import { PAGE_BYTES } from '../../../../runtime/limits.js';

/** A run that does not end within the interpreter's bounds: what it would do is not known. */
export class Unfinished extends Error {
  override readonly name = 'Unfinished';
}

/** An exception that the guest threw. */
export class Thrown extends Error {
  override readonly name = 'Thrown';
  constructor(
    readonly tag: Tag,
    readonly values: readonly Value[],
  ) {
    super('exception');
  }
}

export interface Tag {
  readonly type: FunctionType;
}

export interface Cell {
  readonly type: ValueType;
  readonly mutable: boolean;
  value: Value;
}

export interface Table {
  readonly element: ValueType;
  readonly max: number | undefined;
  readonly entries: Value[];
}

/** A function of a module, or of the host. */
export interface Callable {
  readonly type: FunctionType;
  /** In its module's index space, for messages and comparisons. */
  readonly index: number;
  readonly body?: FunctionBody;
  readonly host?: (args: readonly Value[]) => readonly Value[];
}

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

/** What is kept where a branch may lead to. */
interface Label {
  readonly kind: 'function' | 'block' | 'loop' | 'try' | 'handler';
  readonly instruction: Instruction | undefined;
  readonly at: number;
  /** How many values a branch carries, and how many lie below them. */
  readonly arity: number;
  readonly height: number;
  /** What a handler handles. */
  readonly caught?: unknown;
}

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

interface TailCall {
  readonly callee: Callable;
  readonly args: readonly Value[];
}

const ZERO: Readonly<Record<ValueType, Value>> = { i: 0, I: 0n, f: 0, F: 0n, v: [0n, 0n], r: null, e: null };

/** One call of a function of the module. */
class Activation {
  readonly #instance: ReferenceInstance;
  readonly #code: readonly Instruction[];
  readonly #locals: Value[];
  readonly #stack: Value[] = [];
  readonly #labels: Label[] = [];
  readonly #results: number;
  #at = 0;
  #leaving: TailCall | readonly Value[] | undefined;

  constructor(instance: ReferenceInstance, { callee, args }: TailCall) {
    const body = callee.body as FunctionBody;
    this.#instance = instance;
    this.#code = body.code;
    this.#locals = [...args, ...body.locals.map((type) => ZERO[type])];
    this.#results = callee.type.results.length;
    this.#labels.push({ kind: 'function', instruction: undefined, at: -1, arity: this.#results, height: 0 });
  }

  run(): TailCall | readonly Value[] {
    for (;;) {
      try {
        while (this.#leaving === undefined) {
          const instruction = this.#code[this.#at++] as Instruction;
          this.#instance.charge(instruction.cost);
          this.#instance.executed.add(instruction.name);
          this.#step(instruction);
        }
        return this.#leaving;
      } catch (error) {
        if (error instanceof Trap || error instanceof Unfinished) throw error;
        this.#unwind(error);
      }
    }
  }

  /** Finds the handler for what was thrown, or throws it on. */
  #unwind(error: unknown): void {
    let label = this.#labels.pop();
    while (label !== undefined) {
      if (label.kind === 'try') {
        const block = label.instruction as Instruction;
        const arm = block.arms.find((at) => this.#handles(this.#code[at] as Instruction, error));
        if (arm !== undefined) {
          this.#handle(label, arm, error);
          return;
        }
        const end = this.#code[block.end] as Instruction;
        // As if thrown at the label that it names, counted from outside of the try.
        if (end.name === 'delegate') for (let skip = end.indices[0] as number; skip > 0; skip--) this.#labels.pop();
      }
      label = this.#labels.pop();
    }
    throw error;
  }

  #handles({ name, indices }: Instruction, error: unknown): boolean {
    if (name === 'catch_all') return true;
    return error instanceof Thrown && error.tag === this.#instance.tag(indices[0] as number);
  }

  #handle(label: Label, arm: number, error: unknown): void {
    this.#stack.length = label.height;
    if ((this.#code[arm] as Instruction).name === 'catch') this.#stack.push(...(error as Thrown).values);
    this.#labels.push({ ...label, kind: 'handler', caught: error });
    this.#at = arm + 1;
  }

  #pops(count: number): Value[] {
    return count === 0 ? [] : this.#stack.splice(-count);
  }

  #enter(kind: Label['kind'], instruction: Instruction): void {
    const { params, results } = instruction.block as FunctionType;
    const arity = kind === 'loop' ? params.length : results.length;
    const height = this.#stack.length - params.length;
    this.#labels.push({ kind, instruction, at: this.#at - 1, arity, height });
  }

  #branch(depth: number): void {
    const index = this.#labels.length - 1 - depth;
    const label = this.#labels[index] as Label;
    const values = this.#pops(label.arity);
    this.#stack.length = label.height;
    this.#stack.push(...values);
    if (label.kind === 'function') {
      this.#return();
    } else if (label.kind === 'loop') {
      this.#labels.length = index + 1;
      this.#at = label.at + 1;
    } else {
      this.#labels.length = index;
      this.#at = (label.instruction as Instruction).end + 1;
    }
  }

  #return(): void {
    this.#leaving = this.#pops(this.#results);
  }

  /** An arm has run to its end: the other arms are passed over, and the block ends. */
  #endArm(): void {
    const label = this.#labels.pop() as Label;
    this.#at = (label.instruction as Instruction).end + 1;
  }

  #step(instruction: Instruction): void {
    const { name, indices, operation, constant } = instruction;
    const stack = this.#stack;
    const first = indices[0] as number;
    if (operation !== undefined) {
      this.#operate(instruction);
      return;
    }
    if (constant !== undefined) {
      stack.push(constant);
      return;
    }
    switch (name) {
      case 'nop':
        break;
      case 'unreachable':
        throw new Trap('unreachable');
      case 'block':
      case 'loop':
      case 'try':
        this.#enter(name, instruction);
        break;
      case 'if': {
        const taken = stack.pop() !== 0;
        const otherwise = instruction.arms[0];
        if (taken || otherwise !== undefined) this.#enter('block', instruction);
        if (!taken) this.#at = (otherwise ?? instruction.end) + 1;
        break;
      }
      case 'else':
      case 'catch':
      case 'catch_all':
        this.#endArm();
        break;
      case 'end':
      case 'delegate':
        if (this.#labels.length === 1) this.#return();
        else this.#labels.pop();
        break;
      case 'br':
        this.#branch(first);
        break;
      case 'br_if':
        if (stack.pop() !== 0) this.#branch(first);
        break;
      case 'br_table': {
        const chosen = (stack.pop() as number) >>> 0;
        this.#branch(indices[Math.min(chosen, indices.length - 1)] as number);
        break;
      }
      case 'return':
        this.#return();
        break;
      case 'throw': {
        const tag = this.#instance.tag(first);
        throw new Thrown(tag, this.#pops(tag.type.params.length));
      }
      case 'rethrow':
        throw (this.#labels[this.#labels.length - 1 - first] as Label).caught;
      case 'drop':
        stack.pop();
        break;
      case 'select': {
        const [left, right, condition] = this.#pops(3);
        stack.push((condition === 0 ? right : left) as Value);
        break;
      }
      case 'local.get':
        stack.push(this.#locals[first] as Value);
        break;
      case 'local.set':
        this.#locals[first] = stack.pop() as Value;
        break;
      case 'local.tee':
        this.#locals[first] = stack.at(-1);
        break;
      case 'global.get':
        stack.push((this.#instance.globals[first] as Cell).value);
        break;
      case 'global.set':
        (this.#instance.globals[first] as Cell).value = stack.pop() as Value;
        break;
      case 'ref.null':
        stack.push(null);
        break;
      case 'ref.is_null':
        stack.push(stack.pop() === null ? 1 : 0);
        break;
      case 'ref.func':
        stack.push(this.#instance.functions[first] as Callable);
        break;
      case 'call':
      case 'return_call':
        this.#call(this.#instance.functions[first] as Callable, name === 'return_call');
        break;
      case 'call_indirect':
      case 'return_call_indirect': {
        const type = this.#instance.module.types[first] as FunctionType;
        const index = (stack.pop() as number) >>> 0;
        this.#call(this.#instance.indirect(type, indices[1] as number, index), name === 'return_call_indirect');
        break;
      }
      default:
        this.#instance.bulk(name, indices, stack);
    }
  }

  #call(callee: Callable, tail: boolean): void {
    const args = this.#pops(callee.type.params.length);
    if (tail) this.#leaving = { callee, args };
    else this.#stack.push(...this.#instance.call(callee, args));
  }

  #operate({ operation, indices, constant }: Instruction): void {
    const { params, accessBytes, results } = operation as NonNullable<Instruction['operation']>;
    const operands = this.#pops(params.length);
    let target: Uint8Array | undefined;
    if (accessBytes > 0) {
      target = this.#instance.bytes(0, ((operands[0] as number) >>> 0) + (constant as number), accessBytes);
      scratch.set(target);
    }
    const result = execute(operation as NonNullable<Instruction['operation']>, operands, indices);
    if (result !== undefined) this.#stack.push(result);
    else if (results.length === 0) target?.set(scratch.subarray(0, accessBytes));
  }
}
