/** Types of the component model, as far as the interfaces that tasks import use them. */
import type { Primitive } from './primitives.js';

export type AbiType =
  | Primitive
  | 'string'
  /** A string that is only looked at: cut at the run's log limit before it is copied. */
  | 'text'
  /** list<u8> */
  | 'bytes'
  | { readonly kind: 'list'; readonly of: AbiType }
  | { readonly kind: 'tuple'; readonly of: readonly AbiType[] }
  /** Fields in order, named as in JavaScript. */
  | { readonly kind: 'record'; readonly of: readonly (readonly [string, AbiType])[] }
  | { readonly kind: 'option'; readonly of: AbiType }
  | { readonly kind: 'result'; readonly ok: AbiType | undefined; readonly err: AbiType | undefined }
  | { readonly kind: 'variant'; readonly of: readonly (readonly [string, AbiType | undefined])[] }
  | { readonly kind: 'enum'; readonly of: readonly string[] }
  /** A number with a bit for each name, the first the lowest. */
  | { readonly kind: 'flags'; readonly of: readonly string[] }
  /** A handle: given out or given up (own), or looked up (borrow). */
  | { readonly kind: 'own' | 'borrow'; readonly resource: Resource };

/** A resource by its interface, without a version, and its name: "wasi:io/poll/pollable". */
export type Resource = string;

export const list = (of: AbiType): AbiType => ({ kind: 'list', of });
export const tuple = (...of: AbiType[]): AbiType => ({ kind: 'tuple', of });
export const record = (fields: Readonly<Record<string, AbiType>>): AbiType => ({
  kind: 'record',
  of: Object.entries(fields),
});
export const option = (of: AbiType): AbiType => ({ kind: 'option', of });
export const result = (ok: AbiType | undefined, err: AbiType | undefined): AbiType => ({ kind: 'result', ok, err });
export const variant = (...of: (readonly [string, AbiType | undefined])[]): AbiType => ({ kind: 'variant', of });
export const enumeration = (...of: string[]): AbiType => ({ kind: 'enum', of });
export const flags = (...of: string[]): AbiType => ({ kind: 'flags', of });
export const own = (resource: Resource): AbiType => ({ kind: 'own', resource });
export const borrow = (resource: Resource): AbiType => ({ kind: 'borrow', resource });

/** The cases of a type that is one of several. */
export function casesOf(
  type: Extract<AbiType, { readonly kind: 'option' | 'result' | 'variant' | 'enum' }>,
): readonly (readonly [string, AbiType | undefined])[] {
  switch (type.kind) {
    case 'option':
      return [
        ['none', undefined],
        ['some', type.of],
      ];
    case 'result':
      return [
        ['ok', type.ok],
        ['err', type.err],
      ];
    case 'variant':
      return type.of;
    case 'enum':
      return type.of.map((name) => [name, undefined] as const);
  }
}

/** What a function takes and answers with. */
export interface Signature {
  readonly params: readonly AbiType[];
  readonly returns: AbiType | undefined;
}

/** One function of an interface, with what it does. */
export interface HostFunction extends Signature {
  readonly call: (...args: never[]) => unknown;
}

/** Functions by their names in WIT, methods as "[method]bucket.get". */
export type HostInterface = Readonly<Record<string, HostFunction>>;

/** The types of `call`'s parameters are the author's word for `params`: nothing checks them. */
export function hostFunction(
  params: readonly AbiType[],
  returns: AbiType | undefined,
  call: (...args: never[]) => unknown,
): HostFunction {
  return { params, returns, call };
}
