/** Types of the component model, as far as the interfaces that tasks import use them. */
export type AbiType =
  | 'bool'
  | 'u32'
  | 'u64'
  | 'f64'
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
  /** A handle: given out as new (own), or looked up (borrow). */
  | { readonly kind: 'own' | 'borrow' };

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
export const own: AbiType = { kind: 'own' };
export const borrow: AbiType = { kind: 'borrow' };

/** One function of an interface, with what it does. */
export interface HostFunction {
  readonly params: readonly AbiType[];
  readonly returns: AbiType | undefined;
  readonly call: (...args: never[]) => unknown;
}

/** Functions by their JavaScript names. */
export type HostInterface = Readonly<Record<string, HostFunction>>;

/** The types of `call`'s parameters are the author's word for `params`: nothing checks them. */
export function hostFunction(
  params: readonly AbiType[],
  returns: AbiType | undefined,
  call: (...args: never[]) => unknown,
): HostFunction {
  return { params, returns, call };
}
