/**
 * Text from devices and guests as it may be shown on a terminal: without
 * control characters, which could move the cursor or rename the window, and
 * no longer than fits.
 */
export function printable(text: string, most: number): string {
  const clean = text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '\ufffd');
  return clean.length <= most ? clean : `${clean.slice(0, most - 3)}...`;
}

const decoder = new TextDecoder();

/** A payload as text, of which only what is shown is decoded. */
export function printablePayload(payload: Uint8Array, most: number): string {
  const text = printable(decoder.decode(payload.subarray(0, most * 4)), most);
  return payload.length > most * 4 && !text.endsWith('...') ? `${text}...` : text;
}
