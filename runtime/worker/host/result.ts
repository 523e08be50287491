/** How a host call hands a `result` to the generated code without an exception. */
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
