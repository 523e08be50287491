/** How the events of a task are told apart: those with the same key run one at a time, in order. */
export type OrderingKey =
  /** All captures of the trigger; the task as a whole for a trigger without any. */
  | { readonly kind: 'captures' }
  | { readonly kind: 'template'; readonly parts: readonly KeyPart[] }
  /** No order is kept. */
  | { readonly kind: 'none' };

export type KeyPart = { readonly text: string } | { readonly capture: string } | { readonly topic: true };

export type ParsedTemplate =
  | { readonly ok: true; readonly parts: readonly KeyPart[] }
  | { readonly ok: false; readonly fault: string };

/** Reads a template such as "{room}" or "meter-{topic}". */
export function parseKeyTemplate(template: string): ParsedTemplate {
  const parts: KeyPart[] = [];
  for (const piece of template.split(/(\{[^{}]*\})/)) {
    if (piece === '') continue;
    if (piece === '{topic}') parts.push({ topic: true });
    else if (/^\{[a-z][A-Za-z0-9_]*\}$/.test(piece)) parts.push({ capture: piece.slice(1, -1) });
    else if (/[{}]/.test(piece))
      return { ok: false, fault: `"${piece}" is not the name of a capture in braces, such as "{room}"` };
    else parts.push({ text: piece });
  }
  if (parts.length === 0) return { ok: false, fault: 'must not be empty: leave it out, or give false for no order' };
  return { ok: true, parts };
}

/** The captures that a template names. */
export function capturesNamed(parts: readonly KeyPart[]): readonly string[] {
  return parts.flatMap((part) => ('capture' in part ? [part.capture] : []));
}

/** The key of one event, or undefined when no order is kept. */
export function keyOf(
  rule: OrderingKey,
  topic: string,
  captures: Readonly<Record<string, string>>,
): string | undefined {
  if (rule.kind === 'none') return undefined;
  // A level of a topic contains no "/", so that joined captures stay distinct.
  if (rule.kind === 'captures') return Object.values(captures).join('/');
  let key = '';
  for (const part of rule.parts) {
    if ('text' in part) key += part.text;
    else key += 'topic' in part ? topic : (captures[part.capture] ?? '');
  }
  return key;
}
