/** Text as it is, other bytes in base64. */
export function shownBytes(bytes: Uint8Array): string | { readonly base64: string } {
  const text = Buffer.from(bytes).toString('utf8');
  return Buffer.from(text).equals(bytes) ? text : { base64: Buffer.from(bytes).toString('base64') };
}

/** What a hub answers with, of which some fields are bytes in base64. */
export function readable(answer: Readonly<Record<string, unknown>>, ...names: readonly string[]): object {
  const shown = names.flatMap((name) => {
    const value = answer[name];
    return typeof value === 'string' ? [[name, shownBytes(Buffer.from(value, 'base64'))] as const] : [];
  });
  return { ...answer, ...Object.fromEntries(shown) };
}
