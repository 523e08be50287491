/** Text as it is, other bytes in base64. */
export function shownBytes(bytes: Uint8Array): string | { readonly base64: string } {
  const text = Buffer.from(bytes).toString('utf8');
  return Buffer.from(text).equals(bytes) ? text : { base64: Buffer.from(bytes).toString('base64') };
}
