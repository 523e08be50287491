/** Types compared and written out. A type that a guest declares may share its parts, and be huge when it is unfolded. */
import type { AbiType, Signature } from '../worker/abi/types.js';

/** Whether both take and answer with the same, names of fields and cases included. */
export function sameSignature(one: Signature, other: Signature): boolean {
  return sameAll(one.params, other.params) && sameType(one.returns, other.returns);
}

/** Follows both at once: no further than the smaller goes. */
function sameType(one: AbiType | undefined, other: AbiType | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  if (typeof one === 'string' || typeof other === 'string') return asDeclared(one) === asDeclared(other);
  switch (one.kind) {
    case 'list':
    case 'option':
      return other.kind === one.kind && sameType(one.of, other.of);
    case 'tuple':
      return other.kind === 'tuple' && sameAll(one.of, other.of);
    case 'record':
    case 'variant':
      return other.kind === one.kind && sameEntries(one.of, other.of);
    case 'result':
      return other.kind === 'result' && sameType(one.ok, other.ok) && sameType(one.err, other.err);
    case 'enum':
    case 'flags':
      return other.kind === one.kind && one.of.length === other.of.length && one.of.every((n, i) => n === other.of[i]);
    case 'own':
    case 'borrow':
      return other.kind === one.kind && one.resource === other.resource;
  }
}

/** A `text` is a string to the guest. */
function asDeclared(type: AbiType): AbiType {
  return type === 'text' ? 'string' : type;
}

function sameAll(some: readonly AbiType[], others: readonly AbiType[]): boolean {
  return some.length === others.length && some.every((type, i) => sameType(type, others[i]));
}

type Entries = readonly (readonly [string, AbiType | undefined])[];

function sameEntries(some: Entries, others: Entries): boolean {
  return (
    some.length === others.length &&
    some.every(([name, type], i) => name === others[i]?.[0] && sameType(type, others[i]?.[1]))
  );
}

/** Types are written out to this depth, which shows all of what is offered. */
const SHOWN_DEPTH = 4;
/** Entries of a type that are written out. */
const SHOWN_ENTRIES = 8;

/** A signature as in WIT, cut where it is long. */
export function signatureText({ params, returns }: Signature): string {
  const result = returns === undefined ? '' : ` -> ${typeText(returns, 0)}`;
  return `func(${listed(params, (type) => typeText(type, 0))})${result}`;
}

function typeText(type: AbiType | undefined, depth: number): string {
  if (type === undefined) return '_';
  if (type === 'bytes') return 'list<u8>';
  if (typeof type === 'string') return asDeclared(type) as string;
  if (depth === SHOWN_DEPTH) return '…';
  const inner = (part: AbiType | undefined): string => typeText(part, depth + 1);
  switch (type.kind) {
    case 'list':
    case 'option':
      return `${type.kind}<${inner(type.of)}>`;
    case 'tuple':
      return `tuple<${listed(type.of, inner)}>`;
    case 'record':
      return `record { ${listed(type.of, ([name, field]) => `${name}: ${inner(field)}`)} }`;
    case 'variant':
      return `variant { ${listed(type.of, ([name, payload]) => (payload === undefined ? name : `${name}(${inner(payload)})`))} }`;
    case 'result':
      return `result<${inner(type.ok)}, ${inner(type.err)}>`;
    case 'enum':
    case 'flags':
      return `${type.kind} { ${listed(type.of, (name) => name)} }`;
    case 'own':
      return type.resource;
    case 'borrow':
      return `borrow<${type.resource}>`;
  }
}

function listed<Item>(items: readonly Item[], text: (item: Item) => string): string {
  const shown = items.slice(0, SHOWN_ENTRIES).map(text);
  return (items.length > SHOWN_ENTRIES ? [...shown, '…'] : shown).join(', ');
}
