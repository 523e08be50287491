import { result, variant, type AbiType } from '../abi/types.js';

/** How a host function answers with a `result`. */
export type HostResult<Ok, Err> = { readonly tag: 'ok'; readonly val: Ok } | { readonly tag: 'err'; readonly val: Err };

export function ok<Ok>(val: Ok): HostResult<Ok, never> {
  return { tag: 'ok', val };
}

export function err<Err>(val: Err): HostResult<never, Err> {
  return { tag: 'err', val };
}

/** A `result<_, string>` from a reason, or from none. */
export function refusal(reason: string | undefined): HostResult<undefined, string> {
  return reason === undefined ? ok(undefined) : err(reason);
}

/** `result<_, string>` */
export const REFUSAL: AbiType = result(undefined, 'string');

/** `error` of wasi:keyvalue. */
export const KEY_ERROR: AbiType = variant(
  ['no-such-store', undefined],
  ['access-denied', undefined],
  ['other', 'string'],
);

/** `error` of wasi:config. */
export const CONFIG_ERROR: AbiType = variant(['upstream', 'string'], ['io', 'string']);
