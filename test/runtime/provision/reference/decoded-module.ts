/**
 * Reads a module for the reference interpreter. It shares nothing with the
 * reader that metering uses, and takes validated modules only.
 */
import { OPERATIONS, type Operation, type ValueType } from './operations.js';
import { costOf } from './published-costs.js';

export interface FunctionType {
  readonly params: readonly ValueType[];
  readonly results: readonly ValueType[];
}

/** One instruction. Which of the optional parts are there follows from its name. */
export interface Instruction {
  readonly name: string;
  readonly cost: number;
  readonly operation?: Operation;
  /** Index immediates, labels, or a lane. */
  readonly indices: readonly number[];
  /** The bits of a constant; the offset of a memory operation. */
  readonly constant?: number | bigint | readonly [bigint, bigint];
  readonly block?: FunctionType;
  /** Where the `end` or `delegate` of a block is, and its `else` or its handlers. */
  end: number;
  readonly arms: number[];
}

export interface FunctionBody {
  readonly locals: readonly ValueType[];
  readonly code: readonly Instruction[];
}

interface Limits {
  readonly min: number;
  readonly max: number | undefined;
}

interface TableType extends Limits {
  readonly element: ValueType;
}

interface GlobalType {
  readonly type: ValueType;
  readonly mutable: boolean;
}

type ImportedType =
  | { readonly kind: 'function'; readonly type: number }
  | { readonly kind: 'table'; readonly type: TableType }
  | { readonly kind: 'memory'; readonly type: Limits }
  | { readonly kind: 'global'; readonly type: GlobalType }
  | { readonly kind: 'tag'; readonly type: number };

export interface Segment {
  readonly mode: 'active' | 'passive' | 'declarative';
  /** The table or memory of an active one. */
  readonly target: number;
  readonly offset: readonly Instruction[];
}

export interface DecodedModule {
  readonly types: FunctionType[];
  readonly imports: (ImportedType & { readonly module: string; readonly name: string })[];
  readonly functions: number[];
  readonly bodies: FunctionBody[];
  readonly tables: TableType[];
  readonly memories: Limits[];
  readonly globals: (GlobalType & { readonly initial: readonly Instruction[] })[];
  readonly tags: number[];
  readonly exports: { readonly name: string; readonly kind: number; readonly index: number }[];
  readonly elements: (Segment & { readonly items: readonly (readonly Instruction[])[] })[];
  readonly data: (Segment & { readonly bytes: Uint8Array })[];
  start: number | undefined;
}

const byCode = new Map(OPERATIONS.map((operation) => [operation.code.join(), operation]));

const VALUE_TYPES: Readonly<Record<number, ValueType>> = {
  0x7f: 'i',
  0x7e: 'I',
  0x7d: 'f',
  0x7c: 'F',
  0x7b: 'v',
  0x70: 'r',
  0x6f: 'e',
};

/** Instructions that are no operations, and how many indices follow their opcode. */
const OTHERS: Readonly<Record<number, readonly [name: string, indices: number]>> = {
  0x00: ['unreachable', 0],
  0x01: ['nop', 0],
  0x05: ['else', 0],
  0x07: ['catch', 1],
  0x08: ['throw', 1],
  0x09: ['rethrow', 1],
  0x0b: ['end', 0],
  0x0c: ['br', 1],
  0x0d: ['br_if', 1],
  0x0f: ['return', 0],
  0x10: ['call', 1],
  0x11: ['call_indirect', 2],
  0x12: ['return_call', 1],
  0x13: ['return_call_indirect', 2],
  0x18: ['delegate', 1],
  0x19: ['catch_all', 0],
  0x1a: ['drop', 0],
  0x1b: ['select', 0],
  0x20: ['local.get', 1],
  0x21: ['local.set', 1],
  0x22: ['local.tee', 1],
  0x23: ['global.get', 1],
  0x24: ['global.set', 1],
  0x25: ['table.get', 1],
  0x26: ['table.set', 1],
  0x3f: ['memory.size', 1],
  0x40: ['memory.grow', 1],
  0xd1: ['ref.is_null', 0],
  0xd2: ['ref.func', 1],
};

const BULK: Readonly<Record<number, readonly [name: string, indices: number]>> = {
  8: ['memory.init', 2],
  9: ['data.drop', 1],
  10: ['memory.copy', 2],
  11: ['memory.fill', 1],
  12: ['table.init', 2],
  13: ['elem.drop', 1],
  14: ['table.copy', 2],
  15: ['table.grow', 1],
  16: ['table.size', 1],
  17: ['table.fill', 1],
};

const BLOCKS: Readonly<Record<number, string>> = { 0x02: 'block', 0x03: 'loop', 0x04: 'if', 0x06: 'try' };

export function decode(bytes: Uint8Array): DecodedModule {
  return new Decoder(bytes).module();
}

class Decoder {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 8;
  readonly #module: DecodedModule = {
    types: [],
    imports: [],
    functions: [],
    bodies: [],
    tables: [],
    memories: [],
    globals: [],
    tags: [],
    exports: [],
    elements: [],
    data: [],
    start: undefined,
  };

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  module(): DecodedModule {
    while (this.#at < this.#bytes.length) {
      const id = this.#byte();
      const end = this.#u32() + this.#at;
      this.#section(id);
      this.#at = end;
    }
    return this.#module;
  }

  #section(id: number): void {
    const module = this.#module;
    switch (id) {
      case 1:
        this.#each(() => module.types.push(this.#functionType()));
        break;
      case 2:
        this.#each(() => this.#import());
        break;
      case 3:
        this.#each(() => module.functions.push(this.#u32()));
        break;
      case 4:
        this.#each(() => module.tables.push(this.#tableType()));
        break;
      case 5:
        this.#each(() => module.memories.push(this.#limits()));
        break;
      case 6:
        this.#each(() => module.globals.push({ ...this.#globalType(), initial: this.#expression() }));
        break;
      case 7:
        this.#each(() => module.exports.push({ name: this.#name(), kind: this.#byte(), index: this.#u32() }));
        break;
      case 8:
        module.start = this.#u32();
        break;
      case 9:
        this.#each(() => this.#element());
        break;
      case 10:
        this.#each(() => module.bodies.push(this.#body()));
        break;
      case 11:
        this.#each(() => this.#datum());
        break;
      case 13:
        this.#each(() => module.tags.push(this.#tag()));
        break;
      default: // custom sections and the count of data segments tell nothing
    }
  }

  #each(read: () => void): void {
    for (let count = this.#u32(); count > 0; count--) read();
  }

  #byte(): number {
    return this.#bytes[this.#at++] as number;
  }

  #u32(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.#byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
  }

  /** A signed number of any width. */
  #leb(): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.#byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return (byte & 0x40) === 0 ? value : value - (1n << (shift + 7n));
    }
  }

  #take(count: number): Uint8Array {
    this.#at += count;
    return this.#bytes.slice(this.#at - count, this.#at);
  }

  #name(): string {
    return new TextDecoder().decode(this.#take(this.#u32()));
  }

  #valueType(): ValueType {
    return VALUE_TYPES[this.#byte()] as ValueType;
  }

  #valueTypes(): ValueType[] {
    return Array.from({ length: this.#u32() }, () => this.#valueType());
  }

  #functionType(): FunctionType {
    this.#at++;
    return { params: this.#valueTypes(), results: this.#valueTypes() };
  }

  #limits(): Limits {
    const flags = this.#byte();
    return { min: this.#u32(), max: (flags & 1) === 1 ? this.#u32() : undefined };
  }

  #tableType(): TableType {
    return { element: this.#valueType(), ...this.#limits() };
  }

  #globalType(): GlobalType {
    return { type: this.#valueType(), mutable: this.#byte() === 1 };
  }

  #tag(): number {
    this.#at++;
    return this.#u32();
  }

  #import(): void {
    const names = { module: this.#name(), name: this.#name() };
    this.#module.imports.push({ ...names, ...this.#importedType(this.#byte()) });
  }

  #importedType(kind: number): ImportedType {
    switch (kind) {
      case 0:
        return { kind: 'function', type: this.#u32() };
      case 1:
        return { kind: 'table', type: this.#tableType() };
      case 2:
        return { kind: 'memory', type: this.#limits() };
      case 3:
        return { kind: 'global', type: this.#globalType() };
      default:
        return { kind: 'tag', type: this.#tag() };
    }
  }

  #element(): void {
    const flags = this.#u32();
    const active = (flags & 1) === 0;
    const target = active && (flags & 2) !== 0 ? this.#u32() : 0;
    const offset = active ? this.#expression() : [];
    if ((flags & 3) !== 0) this.#at++; // the kind or the type of the elements
    const asExpressions = (flags & 4) !== 0;
    const items = Array.from({ length: this.#u32() }, () =>
      asExpressions ? this.#expression() : [plain('ref.func', [this.#u32()])],
    );
    const mode = active ? 'active' : (flags & 2) === 0 ? 'passive' : 'declarative';
    this.#module.elements.push({ mode, target, offset, items });
  }

  #datum(): void {
    const flags = this.#u32();
    const target = flags === 2 ? this.#u32() : 0;
    const offset = flags === 1 ? [] : this.#expression();
    const bytes = this.#take(this.#u32());
    this.#module.data.push({ mode: flags === 1 ? 'passive' : 'active', target, offset, bytes });
  }

  #body(): FunctionBody {
    const end = this.#u32() + this.#at;
    const locals: ValueType[] = [];
    this.#each(() => {
      const count = this.#u32();
      const type = this.#valueType();
      for (let i = 0; i < count; i++) locals.push(type);
    });
    return { locals, code: this.#code(end) };
  }

  /** A constant expression, with its `end`. */
  #expression(): Instruction[] {
    const code: Instruction[] = [];
    do code.push(this.#instruction());
    while (code.at(-1)?.name !== 'end');
    return code;
  }

  #code(end: number): Instruction[] {
    const code: Instruction[] = [];
    const open: Instruction[] = [];
    while (this.#at < end) {
      const instruction = this.#instruction();
      const at = code.push(instruction) - 1;
      switch (instruction.name) {
        case 'block':
        case 'loop':
        case 'if':
        case 'try':
          open.push(instruction);
          break;
        case 'else':
        case 'catch':
        case 'catch_all':
          open.at(-1)?.arms.push(at);
          break;
        case 'end':
        case 'delegate': {
          const block = open.pop();
          if (block !== undefined) block.end = at;
          break;
        }
        default:
      }
    }
    return code;
  }

  #instruction(): Instruction {
    const opcode = this.#byte();
    const blockName = BLOCKS[opcode];
    if (blockName !== undefined) return { ...plain(blockName), block: this.#blockType(), arms: [] };
    switch (opcode) {
      case 0x0e:
        return plain('br_table', [...Array.from({ length: this.#u32() }, () => this.#u32()), this.#u32()]);
      case 0x1c:
        this.#valueTypes();
        return plain('select');
      case 0x41:
        return { ...plain('i32.const'), constant: Number(BigInt.asIntN(32, this.#leb())) };
      case 0x42:
        return { ...plain('i64.const'), constant: BigInt.asUintN(64, this.#leb()) };
      case 0x43:
        this.#at += 4;
        return { ...plain('f32.const'), constant: this.#view.getInt32(this.#at - 4, true) };
      case 0x44:
        return { ...plain('f64.const'), constant: this.#u64() };
      case 0xd0:
        this.#at++;
        return plain('ref.null');
      case 0xfc:
        return this.#bulk();
      case 0xfd:
        return this.#vector();
      default: {
        const operation = byCode.get(String(opcode));
        if (operation !== undefined) return this.#operation(operation);
        const known = OTHERS[opcode];
        if (known === undefined) throw new Error(`the reference interpreter does not know 0x${opcode.toString(16)}`);
        return plain(known[0], this.#indices(known[1]));
      }
    }
  }

  #u64(): bigint {
    this.#at += 8;
    return this.#view.getBigUint64(this.#at - 8, true);
  }

  #indices(count: number): number[] {
    return Array.from({ length: count }, () => this.#u32());
  }

  #bulk(): Instruction {
    const opcode = this.#u32();
    const operation = byCode.get(`252,${opcode}`);
    if (operation !== undefined) return this.#operation(operation);
    const known = BULK[opcode];
    if (known === undefined) throw new Error(`the reference interpreter does not know 0xfc ${opcode}`);
    return plain(known[0], this.#indices(known[1]));
  }

  #vector(): Instruction {
    const opcode = this.#u32();
    if (opcode === 12) return { ...plain('v128.const'), constant: [this.#u64(), this.#u64()] };
    const code = opcode < 0x80 ? [0xfd, opcode] : [0xfd, (opcode & 0x7f) | 0x80, opcode >> 7];
    const operation = byCode.get(code.join());
    if (operation === undefined) throw new Error(`the reference interpreter does not know 0xfd ${opcode}`);
    return this.#operation(operation);
  }

  #operation(operation: Operation): Instruction {
    let constant = 0;
    if (operation.accessBytes > 0) {
      this.#u32(); // the alignment is a hint
      constant = this.#u32();
    }
    const lanes = operation.immediates === 'shuffle' ? 16 : operation.immediates.endsWith('lane') ? 1 : 0;
    return {
      ...plain(
        operation.name,
        Array.from({ length: lanes }, () => this.#byte()),
      ),
      operation,
      constant,
    };
  }

  #blockType(): FunctionType {
    const value = Number(this.#leb());
    if (value >= 0) return this.#module.types[value] as FunctionType;
    const result = VALUE_TYPES[value + 0x80];
    return { params: [], results: result === undefined ? [] : [result] };
  }
}

const NO_ARMS: number[] = [];

function plain(name: string, indices: readonly number[] = []): Instruction {
  return { name, cost: costOf(name), indices, end: 0, arms: NO_ARMS };
}
