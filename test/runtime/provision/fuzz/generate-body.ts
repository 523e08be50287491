/**
 * Writes a random function body that validates: values of a wanted type by
 * recursion, statements that leave the stack as it was.
 */
import type { FunctionType } from '../reference/decoded-module.js';
import { OPERATIONS, type Operation, type ValueType } from '../reference/operations.js';
import { typeCode } from '../reference/single-operations.js';
import { NUMBERS, TYPES, type Plan } from './plan.js';
import type { Random } from './random.js';
import { WasmWriter } from './wasm-writer.js';

/** How much is written into one function, roughly in instructions. */
const BUDGET = 260;
const MAX_DEPTH = 6;

const producers = new Map<ValueType, Operation[]>(
  TYPES.map((type) => [type, OPERATIONS.filter(({ results }) => results[0] === type)]),
);
const stores = OPERATIONS.filter(({ results }) => results.length === 0);

/** Often traps on values that nobody chose. */
const DELICATE = /^i(32|64)\.(div|rem|trunc_f)/;

/**
 * What may answer with any NaN there is: engines differ, and so do an engine's
 * compilers. The answer is made the canonical one where it could be seen.
 * https://webassembly.github.io/spec/core/exec/numerics.html#nan-propagation
 */
const ANY_NAN = /^(f32|f64|f32x4|f64x2)\.(ceil|floor|trunc|nearest|sqrt|add|sub|mul|div|min|max|demote\w*|promote\w*)$/;

const INTERESTING = [0, 1, -1, 2, 7, 8, 31, 32, 63, 255, 0x7fff, 0xffff, 0x10000, 0x7fffffff, -0x80000000];
const FLOATS = [0, -0, 1, -1.5, 0.1, 1e10, -1e20, Infinity, -Infinity, 3, 100];

interface Label {
  /** What a branch to it carries. */
  readonly types: readonly ValueType[];
  readonly isHandler: boolean;
}

export class BodyGenerator {
  readonly #plan: Plan;
  readonly #random: Random;
  readonly #type: FunctionType;
  readonly #isStart: boolean;
  readonly #out: WasmWriter;
  readonly #locals: ValueType[];
  readonly #labels: Label[];
  #budget = BUDGET;
  /** The code that is being written cannot be reached. */
  #dead = false;
  /** Locals that NaNs pass through: one for f32, f64 and v128. */
  readonly #scratch: Readonly<Record<string, number>>;

  constructor(plan: Plan, random: Random, type: FunctionType, isStart: boolean) {
    this.#plan = plan;
    this.#random = random;
    this.#type = type;
    this.#isStart = isStart;
    this.#out = new WasmWriter(random);
    this.#locals = [...type.params, ...random.list(random.below(8), () => random.pick(this.#plan.valueTypes))];
    this.#scratch = { f: this.#locals.length, F: this.#locals.length + 1, v: this.#locals.length + 2 };
    this.#labels = [{ types: type.results, isHandler: false }];
  }

  /** Local declarations and code. */
  write(): number[] {
    const declared = [...this.#locals.slice(this.#type.params.length), 'f', 'F', 'v'] as ValueType[];
    const declarations = new WasmWriter(this.#random).u32(declared.length);
    for (const type of declared) declarations.u32(1).put(typeCode(type));
    if (!this.#random.once(8)) this.#countDown();
    this.#sequence(0);
    if (!this.#dead || !this.#random.once(2)) this.#values(this.#type.results, 3);
    return [...declarations.bytes, ...this.#out.put(0x0b).bytes];
  }

  /** Leaves the function when its module's steps are used up, and takes one. */
  #countDown(): void {
    const { steps } = this.#plan;
    this.#out.put(0x23).u32(steps).put(0x45, 0x04, 0x40);
    for (const type of this.#type.results) this.#leaf(type);
    this.#out.put(0x0f, 0x0b);
    this.#out.put(0x23).u32(steps).put(0x41, 1, 0x6b, 0x24).u32(steps);
  }

  #sequence(depth: number): void {
    const count = 1 + this.#random.below(depth === 0 ? 10 : 4);
    for (let i = 0; i < count && this.#budget > 0; i++) {
      if (this.#dead && this.#random.once(2)) return;
      this.#statement(depth);
    }
  }

  #statement(depth: number): void {
    const random = this.#random;
    this.#budget--;
    if (depth >= MAX_DEPTH) {
      this.#setLocal();
      return;
    }
    switch (random.below(29)) {
      case 0:
      case 1:
      case 2:
        this.#setLocal();
        break;
      case 3:
        this.#setGlobal();
        break;
      case 4:
      case 5:
        this.#store();
        break;
      case 6:
        this.#value(random.pick(this.#plan.valueTypes), 3);
        this.#out.put(0x1a);
        break;
      case 7:
      case 8:
      case 9:
      case 10:
        this.#consume(this.#structure(this.#someTypes(2), this.#someTypes(2), depth));
        break;
      case 11:
        this.#conditionalBranch();
        break;
      case 12:
        this.#branchTable();
        break;
      case 13:
        if (random.once(2)) this.#branch();
        break;
      case 14:
      case 15:
        this.#consume(this.#call());
        break;
      case 16:
        this.#consume(this.#indirectCall());
        break;
      case 17:
      case 18:
        this.#memoryBulk();
        break;
      case 19:
      case 20:
        if (!this.#plan.suspendable) this.#tableBulk();
        break;
      case 21:
      case 26:
      case 27:
      case 28:
        this.#throw();
        break;
      case 22:
        if (random.once(3)) this.#leave();
        break;
      case 23:
        this.#out.put(0x01);
        break;
      case 24:
        if (this.#dead) this.#garbage();
        else if (random.once(30)) this.#deep(depth);
        break;
      default:
        if (!this.#plan.suspendable) this.#drop();
    }
  }

  get #mayTailCall(): boolean {
    return !this.#plan.suspendable;
  }

  #someTypes(most: number): ValueType[] {
    return this.#random.list(this.#random.below(most + 1), () => this.#random.pick(this.#plan.valueTypes));
  }

  /** Takes what lies on the stack into locals, or away. */
  #consume(types: readonly ValueType[]): void {
    for (const type of types.toReversed()) {
      const local = this.#localOf(type);
      if (local === undefined || this.#random.once(3)) this.#out.put(0x1a);
      else this.#out.put(0x21).u32(local);
    }
  }

  #localOf(type: ValueType): number | undefined {
    const fitting = this.#locals.flatMap((each, i) => (each === type ? [i] : []));
    return fitting.length === 0 ? undefined : this.#random.pick(fitting);
  }

  #setLocal(): void {
    if (this.#locals.length === 0) return;
    const local = this.#random.below(this.#locals.length);
    this.#value(this.#locals[local] as ValueType, 4);
    this.#out.put(0x21).u32(local);
  }

  #setGlobal(): void {
    const { globals, steps } = this.#plan;
    const mutable = globals.flatMap(({ mutable }, i) => (mutable && i !== steps ? [i] : []));
    if (mutable.length === 0) return;
    const global = this.#random.pick(mutable);
    this.#value(globals[global]?.type as ValueType, 3);
    this.#out.put(0x24).u32(global);
  }

  /** A value of this type is on the stack, and nothing else. */
  #value(type: ValueType, depth: number): void {
    const random = this.#random;
    if (depth <= 0 || --this.#budget < 0) {
      this.#leaf(type);
      return;
    }
    switch (random.below(20)) {
      case 0:
      case 1:
        this.#structure(this.#someTypes(1), [type], MAX_DEPTH - depth);
        break;
      case 2:
        if (!this.#callFor(type)) this.#leaf(type);
        break;
      case 3:
        this.#select(type, depth);
        break;
      case 4:
        this.#value(type, depth - 1);
        this.#tee(type);
        break;
      case 5:
        this.#sizeOrEntry(type, depth);
        break;
      case 6:
        this.#leaf(type);
        break;
      default:
        this.#operation(type, depth);
    }
  }

  #values(types: readonly ValueType[], depth: number): void {
    for (const type of types) this.#value(type, depth);
  }

  #tee(type: ValueType): void {
    const local = this.#localOf(type);
    if (local !== undefined) this.#out.put(0x22).u32(local);
  }

  #leaf(type: ValueType): void {
    const random = this.#random;
    const local = this.#localOf(type);
    if (local !== undefined && random.once(2)) {
      this.#out.put(0x20).u32(local);
      return;
    }
    const globals = this.#plan.globals.flatMap((global, i) => (global.type === type ? [i] : []));
    if (globals.length > 0 && random.once(5)) {
      this.#out.put(0x23).u32(random.pick(globals));
      return;
    }
    this.#constant(type);
  }

  #constant(type: ValueType): void {
    const random = this.#random;
    const integer = random.once(4) ? random.bits() | 0 : random.pick(INTERESTING);
    switch (type) {
      case 'i':
        this.#out.put(0x41).signed(BigInt(integer));
        break;
      case 'I':
        this.#out.put(0x42).signed(random.once(3) ? BigInt(integer) << 31n : BigInt(integer));
        break;
      case 'f':
        this.#out.put(0x43).put(...new Uint8Array(Float32Array.of(random.pick(FLOATS)).buffer));
        break;
      case 'F':
        this.#out.put(0x44).put(...new Uint8Array(Float64Array.of(random.pick(FLOATS)).buffer));
        break;
      case 'v':
        this.#out
          .put(0xfd, 12)
          .little((BigInt(random.bits()) << 64n) * BigInt(random.below(1e9)) + BigInt(random.bits()), 16);
        break;
      case 'r':
        if (random.once(4)) this.#out.put(0xd0, 0x70);
        else this.#out.put(0xd2).u32(random.below(this.#plan.functions.length));
        break;
      case 'e':
        this.#out.put(0xd0, 0x6f);
        break;
    }
  }

  #operation(type: ValueType, depth: number): void {
    const candidates = producers.get(type) as Operation[];
    if (type === 'i' && !this.#plan.suspendable && this.#random.once(12)) {
      this.#value(this.#random.pick(['r', 'e']), depth - 1);
      this.#out.put(0xd1); // ref.is_null
      return;
    }
    const operation = candidates.length === 0 ? undefined : this.#random.pick(candidates);
    const usable =
      operation !== undefined &&
      (operation.accessBytes === 0 || this.#plan.memory !== undefined) &&
      (!DELICATE.test(operation.name) || this.#random.once(8));
    if (!usable) {
      this.#leaf(type);
      return;
    }
    this.#operands(operation, depth - 1);
    this.#emit(operation);
    if (ANY_NAN.test(operation.name)) this.#canonical(type, operation.name);
  }

  #operands({ params, accessBytes }: Operation, depth: number): void {
    for (const [i, type] of params.entries()) {
      if (i === 0 && accessBytes > 0) this.#address(depth);
      else this.#value(type, depth);
    }
  }

  /** Most lie within the first page. */
  #address(depth: number): void {
    this.#value('i', depth);
    if (!this.#random.once(25)) this.#out.put(0x41).signed(0xffen).put(0x71);
  }

  #emit({ code, immediates, accessBytes, lanes }: Operation): void {
    const random = this.#random;
    this.#out.put(...code);
    if (accessBytes > 0) {
      this.#out.u32(random.below(Math.log2(accessBytes) + 1));
      this.#out.u32(random.once(60) ? random.bits() : random.below(64));
    }
    if (immediates === 'shuffle') this.#out.put(...random.list(16, () => random.below(32)));
    if (immediates.endsWith('lane')) this.#out.put(random.below(lanes));
  }

  #canonical(type: ValueType, name: string): void {
    const local = this.#scratch[type] as number;
    const single = name.startsWith('f32');
    const lanes = type === 'v' ? (single ? 4 : 2) : 1;
    this.#out.put(0x22).u32(local);
    if (type === 'v') this.#out.put(0xfd, 12);
    else this.#out.put(single ? 0x43 : 0x44);
    for (let i = 0; i < lanes; i++) this.#out.little(single ? 0x7fc00000n : 0x7ff8000000000000n, single ? 4 : 8);
    this.#out.put(0x20).u32(local).put(0x20).u32(local);
    if (type === 'v') this.#out.put(0xfd, single ? 65 : 71, 0xfd, 82); // eq, bitselect
    else this.#out.put(single ? 0x5b : 0x61, 0x1b); // eq, select
  }

  #select(type: ValueType, depth: number): void {
    this.#values([type, type], depth - 1);
    this.#value('i', depth - 1);
    const untyped = !['r', 'e'].includes(type) && this.#random.once(2);
    if (untyped) this.#out.put(0x1b);
    else this.#out.put(0x1c, 1, typeCode(type));
  }

  #sizeOrEntry(type: ValueType, depth: number): void {
    const random = this.#random;
    const tables = this.#tables((element) => element === type || type === 'i');
    const mayGrow = !this.#plan.suspendable;
    if (type === 'i' && this.#plan.memory !== undefined && random.once(2)) {
      if (random.once(2)) {
        this.#out.put(0x3f, 0);
      } else {
        this.#value('i', 1);
        this.#out.put(0x41, 3, 0x71, 0x40, 0); // grows by 0 to 3 pages
      }
      return;
    }
    const table = tables.length === 0 ? undefined : random.pick(tables);
    if (table === undefined) {
      this.#leaf(type);
    } else if (type !== 'i') {
      this.#index(table, depth);
      this.#out.put(0x25).u32(table);
    } else if (!mayGrow || random.once(2)) {
      this.#out.put(0xfc, 16).u32(table);
    } else {
      this.#value(this.#plan.tables[table]?.element as ValueType, 1);
      this.#value('i', 1);
      this.#out.put(0x41, 7, 0x71, 0xfc, 15).u32(table);
    }
  }

  #tables(fits: (element: ValueType) => boolean): number[] {
    return this.#plan.tables.flatMap(({ element }, i) => (fits(element) ? [i] : []));
  }

  /** An index that mostly lies within a table. */
  #index(table: number, depth: number): void {
    const min = this.#plan.tables[table]?.min ?? 0;
    if (min > 0 && !this.#random.once(12)) this.#out.put(0x41).signed(BigInt(this.#random.below(min)));
    else this.#value('i', depth - 1);
  }

  #store(): void {
    if (this.#plan.memory === undefined) return;
    const operation = this.#random.pick(stores);
    this.#operands(operation, 3);
    this.#emit(operation);
  }

  /** A block, loop, if or try: its parameters are pushed here, its results lie on the stack after it. */
  #structure(params: readonly ValueType[], results: readonly ValueType[], depth: number): readonly ValueType[] {
    const random = this.#random;
    if (depth >= MAX_DEPTH || this.#budget < 0) {
      for (const type of results) this.#leaf(type);
      return results;
    }
    const wasDead = this.#dead;
    this.#values(params, 2);
    switch (random.below(5)) {
      case 0:
        this.#loop(params, results, depth);
        break;
      case 1:
      case 2:
        this.#if(params, results, depth);
        break;
      case 3:
        if (this.#plan.suspendable) this.#loop(params, results, depth);
        else this.#try(params, results, depth);
        break;
      default:
        this.#open(0x02, params, results);
        this.#arm({ types: results, isHandler: false }, params, results, depth);
        this.#out.put(0x0b);
    }
    this.#dead = wasDead;
    return results;
  }

  #open(opcode: number, params: readonly ValueType[], results: readonly ValueType[]): void {
    this.#out.put(opcode);
    const [only] = results;
    if (params.length === 0 && results.length === 0) this.#out.put(0x40);
    else if (params.length === 0 && results.length === 1 && !this.#random.once(3))
      this.#out.put(typeCode(only as ValueType));
    else this.#out.signed(BigInt(this.#plan.typeIndex(params, results)));
  }

  /** What is between the beginning of a block and its end, an `else` or a handler. */
  #arm(label: Label, given: readonly ValueType[], results: readonly ValueType[], depth: number): void {
    this.#dead = false;
    this.#labels.push(label);
    const passes = given.length > 0 && given.join() === results.join() && this.#random.once(2);
    if (!passes) this.#consume(given);
    else if (this.#random.once(2)) return void this.#labels.pop();
    this.#sequence(depth + 1);
    if (!passes && !(this.#dead && this.#random.once(2))) this.#values(results, 2);
    this.#labels.pop();
  }

  #loop(params: readonly ValueType[], results: readonly ValueType[], depth: number): void {
    const random = this.#random;
    this.#open(0x03, params, results);
    this.#dead = false;
    this.#labels.push({ types: params, isHandler: false });
    this.#consume(params);
    if (!random.once(40)) this.#countDown();
    this.#sequence(depth + 1);
    if (!this.#dead && random.once(2)) {
      this.#values(params, 2);
      this.#value('i', 2);
      this.#out.put(0x0d).u32(0);
      this.#consume(params);
    }
    if (!(this.#dead && random.once(2))) this.#values(results, 2);
    this.#labels.pop();
    this.#out.put(0x0b);
  }

  #if(params: readonly ValueType[], results: readonly ValueType[], depth: number): void {
    this.#value('i', 2);
    this.#open(0x04, params, results);
    const label = { types: results, isHandler: false };
    this.#arm(label, params, results, depth);
    if (params.join() !== results.join() || this.#random.once(2)) {
      this.#out.put(0x05);
      this.#arm(label, params, results, depth);
    }
    this.#out.put(0x0b);
  }

  #try(params: readonly ValueType[], results: readonly ValueType[], depth: number): void {
    const random = this.#random;
    this.#open(0x06, params, results);
    this.#arm({ types: results, isHandler: false }, params, results, depth);
    if (random.once(4)) {
      this.#out.put(0x18).u32(random.below(this.#labels.length));
      return;
    }
    const handler = { types: results, isHandler: true };
    for (const [i, { params: values }] of this.#plan.tags.entries()) {
      if (random.once(3)) continue;
      this.#out.put(0x07).u32(i);
      this.#arm(handler, values, results, depth);
    }
    if (random.once(2)) {
      this.#out.put(0x19);
      this.#arm(handler, [], results, depth);
    }
    this.#out.put(0x0b);
  }

  #label(): number {
    return this.#random.below(this.#labels.length);
  }

  #typesOf(depth: number): readonly ValueType[] {
    return this.#labels.at(-1 - depth).types;
  }

  #branch(): void {
    const label = this.#label();
    this.#values(this.#typesOf(label), 2);
    this.#out.put(0x0c).u32(label);
    this.#dead = true;
  }

  #conditionalBranch(): void {
    const label = this.#label();
    const types = this.#typesOf(label);
    this.#values(types, 2);
    this.#value('i', 3);
    this.#out.put(0x0d).u32(label);
    this.#consume(types);
  }

  #branchTable(): void {
    const random = this.#random;
    const guarded = random.once(2);
    if (guarded) {
      this.#value('i', 2);
      this.#out.put(0x04, 0x40);
      this.#labels.push({ types: [], isHandler: false });
    }
    const types = this.#typesOf(this.#label());
    const targets = this.#labels.flatMap((_, i) => (this.#typesOf(i).join() === types.join() ? [i] : []));
    this.#values(types, 2);
    this.#value('i', 2);
    if (!random.once(4)) this.#out.put(0x41, 7, 0x71);
    const count = random.once(10) ? 40 : random.below(6);
    this.#out.put(0x0e).u32(count);
    for (let i = 0; i <= count; i++) this.#out.u32(random.pick(targets));
    if (guarded) {
      this.#out.put(0x0b);
      this.#labels.pop();
    } else {
      this.#dead = true;
    }
  }

  /** return, unreachable, or a tail call to a function with the same results. */
  #leave(): void {
    const random = this.#random;
    const { results } = this.#type;
    const alike = this.#plan.functions.flatMap((type, i) => (type.results.join() === results.join() ? [i] : []));
    if (this.#mayTailCall && random.once(3) && alike.length > 0) {
      const callee = random.pick(alike);
      this.#values(this.#plan.functions[callee]?.params ?? [], 2);
      this.#out.put(0x12).u32(callee);
    } else if (random.once(12)) {
      this.#out.put(0x00);
    } else {
      this.#values(results, 2);
      this.#out.put(0x0f);
    }
    this.#dead = true;
  }

  #call(): readonly ValueType[] {
    return this.#callTo(this.#random.below(this.#plan.functions.length));
  }

  #callTo(index: number): readonly ValueType[] {
    const { params, results } = this.#plan.functions[index] as FunctionType;
    this.#values(params, 2);
    this.#out.put(0x10).u32(index);
    return results;
  }

  #callFor(type: ValueType): boolean {
    const fitting = this.#plan.functions.flatMap(({ results }, i) => (results.join() === type ? [i] : []));
    if (fitting.length === 0) return false;
    this.#callTo(this.#random.pick(fitting));
    return true;
  }

  #indirectCall(): readonly ValueType[] {
    const random = this.#random;
    const known = this.#plan.elements.flatMap(({ mode, table, offset, items }) =>
      mode !== 'active' ? [] : items.map((callee, i) => ({ table, slot: offset + i, callee })),
    );
    const filled = known.filter(({ callee }) => callee !== undefined);
    if (filled.length === 0) return [];
    const { table, slot, callee } = random.pick(filled);
    const { params, results } = this.#plan.functions[callee as number] as FunctionType;
    this.#values(params, 2);
    this.#out.put(0x41).signed(BigInt(random.once(20) ? random.bits() | 0 : slot));
    const tail = this.#mayTailCall && results.join() === this.#type.results.join() && random.once(8);
    this.#out
      .put(tail ? 0x13 : 0x11)
      .u32(this.#plan.typeIndex(params, results))
      .u32(table);
    if (!tail) return results;
    this.#dead = true;
    return [];
  }

  /** A count that is mostly small, now and then more than a chunk. */
  #count(most: number): void {
    const random = this.#random;
    if (random.once(20)) this.#value('i', 2);
    else this.#out.put(0x41).signed(BigInt(random.once(6) ? 65_530 + random.below(12) : random.below(most)));
  }

  #memoryBulk(): void {
    const random = this.#random;
    const { data, memory } = this.#plan;
    if (memory === undefined) return;
    const segment = data.length === 0 ? undefined : random.below(data.length);
    this.#address(2);
    switch (random.below(segment === undefined ? 2 : 3)) {
      case 0:
        this.#value('i', 2);
        this.#count(300);
        this.#out.put(0xfc, 11, 0);
        break;
      case 1:
        this.#address(2);
        this.#count(300);
        this.#out.put(0xfc, 10, 0, 0);
        break;
      default:
        this.#out.put(0x41).signed(BigInt(random.below(4)));
        this.#out.put(0x41).signed(BigInt(random.below((data[segment as number]?.bytes.length ?? 0) + 1)));
        this.#out
          .put(0xfc, 8)
          .u32(segment as number)
          .put(0);
    }
  }

  #tableBulk(): void {
    const random = this.#random;
    const { tables, elements } = this.#plan;
    if (tables.length === 0) return;
    const table = random.below(tables.length);
    const { element } = tables[table] as Plan['tables'][number];
    this.#index(table, 2);
    const sources = this.#tables((each) => each === element);
    const segments = elements.flatMap(({ type }, i) => (type === element ? [i] : []));
    switch (random.below(4)) {
      case 0:
        this.#value(element, 2);
        this.#out.put(0x26).u32(table);
        break;
      case 1:
        this.#value(element, 2);
        this.#out
          .put(0x41)
          .signed(BigInt(random.below(4)))
          .put(0xfc, 17)
          .u32(table);
        break;
      case 2: {
        const source = random.pick(sources);
        this.#index(source, 2);
        this.#out
          .put(0x41)
          .signed(BigInt(random.below(4)))
          .put(0xfc, 14)
          .u32(table)
          .u32(source);
        break;
      }
      default:
        if (segments.length === 0) {
          this.#out.put(0x1a);
          break;
        }
        this.#out
          .put(0x41)
          .signed(BigInt(random.below(3)))
          .put(0x41)
          .signed(BigInt(random.below(3)));
        this.#out.put(0xfc, 12).u32(random.pick(segments)).u32(table);
    }
  }

  #drop(): void {
    const random = this.#random;
    const { data, elements } = this.#plan;
    if (!random.once(4)) return;
    if (data.length > 0 && random.once(2)) this.#out.put(0xfc, 9).u32(random.below(data.length));
    else this.#out.put(0xfc, 13).u32(random.below(elements.length));
  }

  #throw(): void {
    const random = this.#random;
    const handlers = this.#labels.flatMap((_, i) => (this.#labels.at(-1 - i).isHandler ? [i] : []));
    if (handlers.length > 0 && random.once(2)) {
      this.#out.put(0x09).u32(random.pick(handlers));
      this.#dead = true;
      return;
    }
    // Outside of every try, mostly somebody must catch it.
    if (this.#plan.tags.length === 0 || this.#isStart || (this.#labels.length < 3 && !random.once(6))) return;
    const tag = random.below(this.#plan.tags.length);
    this.#values(this.#plan.tags[tag]?.params ?? [], 2);
    this.#out.put(0x08).u32(tag);
    this.#dead = true;
  }

  /** Where nothing is reached, the stack holds whatever is asked of it. */
  #garbage(): void {
    const operation = this.#random.pick(OPERATIONS.filter(({ accessBytes }) => accessBytes === 0));
    this.#emit(operation);
    for (const _ of operation.results) this.#out.put(0x1a);
  }

  /** Blocks within blocks, and a branch out of all but some of them. */
  #deep(depth: number): void {
    const count = 50 + this.#random.below(200);
    for (let i = 0; i < count; i++) {
      this.#open(0x02, [], []);
      this.#labels.push({ types: [], isHandler: false });
    }
    this.#value(NUMBERS[0] as ValueType, 2);
    this.#out.put(0x0d).u32(this.#random.below(count));
    if (depth < MAX_DEPTH) this.#setLocal();
    for (let i = 0; i < count; i++) {
      this.#labels.pop();
      this.#out.put(0x0b);
    }
  }
}
