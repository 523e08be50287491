/** Executes the instructions of one call, by the specification. */
import type { DecodedModule, FunctionBody, FunctionType, Instruction } from './decoded-module.js';
import type { ValueType } from './operations.js';
import { execute, scratch, Trap, type Value } from './single-operations.js';
import { Thrown, Unfinished, type Callable, type Cell, type Tag } from './structures.js';

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

/** A call that takes the place of its caller. */
export interface TailCall {
  readonly callee: Callable;
  readonly args: readonly Value[];
}

const ZERO: Readonly<Record<ValueType, Value>> = { i: 0, I: 0n, f: 0, F: 0n, v: [0n, 0n], r: null, e: null };

/** The instance that a function executes in, as far as its instructions ask it. */
export interface Surroundings {
  readonly module: Pick<DecodedModule, 'types'>;
  readonly functions: readonly Callable[];
  readonly globals: readonly Cell[];
  readonly executed: Set<string>;
  charge(fuel: number): void;
  call(callee: Callable, args: readonly Value[]): readonly Value[];
  indirect(type: FunctionType, table: number, index: number): Callable;
  tag(index: number): Tag;
  bytes(memory: number, address: number, count: number): Uint8Array;
  bulk(name: string, indices: readonly number[], stack: Value[]): void;
}

/** One call of a function of the module. */
export class Activation {
  readonly #instance: Surroundings;
  readonly #code: readonly Instruction[];
  readonly #locals: Value[];
  readonly #stack: Value[] = [];
  readonly #labels: Label[] = [];
  readonly #results: number;
  #at = 0;
  #leaving: TailCall | readonly Value[] | undefined;

  constructor(instance: Surroundings, { callee, args }: TailCall) {
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
