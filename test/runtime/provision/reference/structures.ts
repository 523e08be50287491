/** What exists while a module executes in the reference interpreter. */
import type { FunctionBody, FunctionType } from './decoded-module.js';
import type { ValueType } from './operations.js';
import type { Value } from './single-operations.js';

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
