/**
 * Seeded random modules: every section, every encoding of a segment, and
 * functions that use every instruction. Most of what they do ends by itself.
 */
import type { ValueType } from '../reference/operations.js';
import { typeCode } from '../reference/single-operations.js';
import { BodyGenerator } from './generate-body.js';
import { EXPORT, Plan, type PlannedElements, type PlannedTable } from './plan.js';
import { Random } from './random.js';
import { WasmWriter } from './wasm-writer.js';

/** How many calls and rounds of loops a module gets. */
const STEPS = 40;

export interface Generated {
  readonly bytes: Uint8Array;
  readonly plan: Plan;
}

/** @param suspendable with nothing in it that cannot be suspended. */
export function generateModule(seed: number, suspendable = false): Generated {
  const random = new Random(seed);
  const plan = new Plan(random, suspendable);
  return { bytes: new ModuleGenerator(plan, random).write(), plan };
}

/** Everything is imported from this module. */
export const HOST_MODULE = 'h';

class ModuleGenerator {
  readonly #plan: Plan;
  readonly #random: Random;
  readonly #out: WasmWriter;

  constructor(plan: Plan, random: Random) {
    this.#plan = plan;
    this.#random = random;
    this.#out = new WasmWriter(random);
  }

  write(): Uint8Array {
    const plan = this.#plan;
    const functionTypes = plan.functions.map(({ params, results }) => plan.typeIndex(params, results));
    const tagTypes = plan.tags.map(({ params }) => plan.typeIndex(params, []));
    const vectors = [...plan.globals.entries()].flatMap(([i, { type }]) => (type === 'v' ? [i] : []));
    const vectorType = plan.typeIndex([], ['I', 'I']);
    const bodies = [
      ...plan.functions.slice(plan.imported.length).map((type, i) => {
        const isStart = plan.starts && plan.imported.length + i === plan.functions.length - 1;
        return new BodyGenerator(plan, this.#random, type, isStart).write();
      }),
      ...vectors.map(vectorReader),
    ];

    const out = this.#out.put(0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
    this.#custom('producers', [1, 8, ...Buffer.from('language'), 1, 1, 0x43, 0]);
    // The types of blocks are known only now.
    out.section(1, plan.types, ({ params, results }, w) => w.put(0x60).types(params).types(results));
    this.#imports(functionTypes, tagTypes);
    out.section(3, [...functionTypes.slice(plan.imported.length), ...vectors.map(() => vectorType)], (type, w) =>
      w.u32(type),
    );
    out.section(
      4,
      plan.tables.filter((table) => !table.imported),
      writeTable,
    );
    out.section(5, plan.memory === undefined || plan.memory.imported ? [] : [plan.memory], ({ min, max }, w) =>
      w.put(1).u32(min).u32(max),
    );
    out.section(13, tagTypes.slice(plan.importedTags), (type, w) => w.put(0).u32(type));
    this.#globals();
    this.#exports(vectors);
    if (plan.starts) out.put(8).sized((w) => w.u32(plan.functions.length - 1));
    this.#custom('between', [1, 2, 3]);
    out.section(9, plan.elements, (segment, w) => this.#element(segment, w));
    if (plan.data.length > 0) out.put(12).sized((w) => w.u32(plan.data.length));
    out.section(10, bodies, (body, w) => w.sized((inner) => inner.put(...body)));
    out.section(11, plan.data, ({ mode, offset, bytes }, w) => {
      if (mode === 'passive') w.u32(1);
      else if (this.#random.once(3)) constant(w.u32(2).u32(0), offset);
      else constant(w.u32(0), offset);
      w.u32(bytes.length).put(...bytes);
    });
    this.#names();
    return Uint8Array.from(out.bytes);
  }

  #custom(name: string, body: readonly number[]): void {
    if (this.#random.once(2)) this.#out.put(0).sized((w) => w.name(name).put(...body));
  }

  #names(): void {
    if (!this.#random.once(2)) return;
    const functions = Array.from(this.#plan.functions.keys());
    this.#out
      .put(0)
      .sized((w) => w.name('name').section(1, functions, (index, inner) => inner.u32(index).name(`$f${index}`)));
  }

  #imports(functionTypes: readonly number[], tagTypes: readonly number[]): void {
    const plan = this.#plan;
    type Write = (w: WasmWriter) => void;
    const entries: [string, Write][] = [];
    for (let i = 0; i < plan.imported.length; i++) {
      entries.push([`${EXPORT.function}${i}`, (w) => w.put(0).u32(functionTypes[i] as number)]);
    }
    for (const [i, table] of plan.tables.entries()) {
      if (table.imported) entries.push([`${EXPORT.table}${i}`, (w) => writeTable(table, w.put(1))]);
    }
    const { memory } = plan;
    if (memory?.imported === true)
      entries.push([`${EXPORT.memory}0`, (w) => w.put(2, 1).u32(memory.min).u32(memory.max)]);
    for (const [i, global] of plan.globals.entries()) {
      if (global.imported)
        entries.push([`${EXPORT.global}${i}`, (w) => w.put(3, typeCode(global.type), Number(global.mutable))]);
    }
    for (let i = 0; i < plan.importedTags; i++)
      entries.push([`${EXPORT.tag}${i}`, (w) => w.put(4, 0).u32(tagTypes[i] as number)]);
    this.#out.section(2, entries, ([name, write], w) => write(w.name(HOST_MODULE).name(name)));
  }

  #globals(): void {
    const plan = this.#plan;
    const own = [...plan.globals.entries()].filter(([, global]) => !global.imported);
    this.#out.section(6, own, ([index, { type, mutable }], w) => {
      w.put(typeCode(type), Number(mutable));
      const from = plan.globals.findIndex((each) => each.imported && !each.mutable && each.type === type);
      if (index === plan.steps) w.put(0x41).signed(BigInt(STEPS));
      else if (from >= 0 && this.#random.once(2)) w.put(0x23).u32(from);
      else this.#initial(type, w);
      w.put(0x0b);
    });
  }

  #initial(type: ValueType, w: WasmWriter): void {
    const random = this.#random;
    switch (type) {
      case 'i':
        w.put(0x41).signed(BigInt(random.bits() | 0));
        break;
      case 'I':
        w.put(0x42).signed(BigInt(random.bits() | 0) << 20n);
        break;
      case 'f':
        w.put(0x43).little(BigInt(random.bits()), 4);
        break;
      case 'F':
        w.put(0x44).little(BigInt(random.bits()) << 24n, 8);
        break;
      case 'v':
        w.put(0xfd, 12).little(BigInt(random.bits()) << 40n, 16);
        break;
      case 'r':
        if (random.once(2)) w.put(0xd0, 0x70);
        else w.put(0xd2).u32(random.below(this.#plan.functions.length));
        break;
      case 'e':
        w.put(0xd0, 0x6f);
        break;
    }
  }

  /** All that there is, so that every trace of a run can be read. */
  #exports(vectors: readonly number[]): void {
    const plan = this.#plan;
    const entries: [string, number, number][] = [];
    const count = plan.functions.length;
    for (let i = 0; i < count; i++) entries.push([`${EXPORT.function}${i}`, 0, i]);
    for (const [i, global] of vectors.entries()) entries.push([`${EXPORT.vector}${global}`, 0, count + i]);
    for (const i of plan.tables.keys()) entries.push([`${EXPORT.table}${i}`, 1, i]);
    if (plan.memory !== undefined) entries.push([`${EXPORT.memory}0`, 2, 0]);
    for (const i of plan.tags.keys()) entries.push([`${EXPORT.tag}${i}`, 4, i]);
    for (const [i, { type }] of plan.globals.entries()) if (type !== 'v') entries.push([`${EXPORT.global}${i}`, 3, i]);
    this.#out.section(7, entries, ([name, kind, index], w) => w.name(name).put(kind).u32(index));
  }

  /** Functions by their indices or, where one is null or it so happens, as expressions. */
  #element({ mode, type, table, offset, items }: PlannedElements, w: WasmWriter): void {
    const asExpressions = type === 'e' || items.includes(undefined) || this.#random.once(2);
    const named = table > 0 || this.#random.once(2);
    const modeBits = mode === 'passive' ? 1 : mode === 'declarative' ? 3 : named ? 2 : 0;
    w.u32(modeBits | (asExpressions ? 4 : 0));
    if (modeBits === 2) w.u32(table);
    if (mode === 'active') constant(w, offset);
    if (modeBits !== 0) w.put(asExpressions ? typeCode(type) : 0);
    w.u32(items.length);
    for (const item of items) {
      if (!asExpressions) w.u32(item as number);
      else if (item === undefined) w.put(0xd0, typeCode(type), 0x0b);
      else w.put(0xd2).u32(item).put(0x0b);
    }
  }
}

function constant(w: WasmWriter, value: number): void {
  w.put(0x41).signed(BigInt(value)).put(0x0b);
}

function writeTable({ element, min, max }: PlannedTable, w: WasmWriter): void {
  w.put(typeCode(element), max === undefined ? 0 : 1).u32(min);
  if (max !== undefined) w.u32(max);
}

/** `() -> (i64, i64)`: the halves of a global that JavaScript cannot read. */
function vectorReader(global: number): number[] {
  return [0, 0x23, global, 0xfd, 29, 0, 0x23, global, 0xfd, 29, 1, 0x0b];
}
