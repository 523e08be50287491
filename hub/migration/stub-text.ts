/** What the store keeps of a run that moves besides its checkpoints, as a text. */
import { deserialize, serialize } from 'node:v8';
import type { StubRecord, Terms } from '../../provider/protocol/migration/index.js';
import type { Stub } from '../../provider/protocol/responsibility/index.js';
import type { RunResult } from '../../runtime/index.js';
import type { Note } from './notes.js';

/** Of a stub, with the way of its run. */
export interface StubText extends Pick<StubRecord, 'stub' | 'terms' | 'why'> {
  /** How it ended, where the provider has not heard of it yet. */
  readonly result: RunResult | undefined;
  readonly notes: readonly Note[];
}

export function writeStub({ result, ...rest }: StubText): string {
  // The bytes of its effects have no place in JSON.
  return JSON.stringify(result === undefined ? rest : { ...rest, result: serialize(result).toString('base64') });
}

/** @returns undefined for what an earlier hub cannot have written. */
export function readStub(text: string): StubText | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(value)) return undefined;
  const { stub, terms, why, notes, result } = value;
  if (!isStub(stub) || !isTerms(terms) || typeof why !== 'string' || !isNotes(notes)) return undefined;
  if (result === undefined) return { stub, terms, why, notes, result };
  const ended = typeof result === 'string' ? readResult(result) : undefined;
  return isResult(ended) ? { stub, terms, why, notes, result: ended } : undefined;
}

/** @returns undefined for what another version of the engine has written, which this one cannot read. */
function readResult(text: string): unknown {
  try {
    return deserialize(Buffer.from(text, 'base64'));
  } catch {
    return undefined;
  }
}

function isStub(value: unknown): value is Stub {
  if (!isObject(value) || !Array.isArray(value['open'])) return false;
  const { epoch, base, point, common, released } = value;
  const { side, responsible, agreed, mode, offer, end, over } = value;
  return (
    [epoch, base, point, common, released].every((one) => Number.isSafeInteger(one)) &&
    [side, responsible, agreed, mode].every((one) => typeof one === 'string') &&
    [offer, end, over].every((one) => typeof one === 'boolean')
  );
}

function isTerms(value: unknown): value is Terms {
  if (!isObject(value)) return false;
  const { pointMs, reclaimMs, isForHere, expectedFuel } = value;
  const numbers = [pointMs, reclaimMs, expectedFuel].every((one) => typeof one === 'number');
  return numbers && typeof isForHere === 'boolean';
}

function isNotes(value: unknown): value is readonly Note[] {
  return Array.isArray(value) && value.every((note) => isObject(note) && typeof note['what'] === 'string');
}

function isResult(value: unknown): value is RunResult {
  return (
    isObject(value) &&
    isObject(value['outcome']) &&
    Array.isArray(value['effects']) &&
    typeof value['runId'] === 'string'
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
