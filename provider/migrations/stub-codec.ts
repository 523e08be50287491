/** What is kept of a run that moved here, as bytes. Its checkpoints are files of their own. */
import {
  encodeFrame,
  decodeFrame,
  encodeHubMessage,
  ProtocolError,
  type Move,
  type TaskSpec,
} from '../protocol/index.js';
import { decodeHubMessage } from '../protocol/index.js';
import { Fields } from '../protocol/fields.js';
import { PROTOCOL_BOUNDS as MOST } from '../protocol/limits.js';
import type { Stub } from '../protocol/responsibility/index.js';
import { smallerResults } from '../protocol/smaller-results.js';
import type { KeptStub } from './stubs.js';

/** Names of the files that a stub's checkpoints are in. */
export interface CheckpointNames {
  readonly anchor: string | undefined;
  readonly difference: string | undefined;
}

/** A stub without its checkpoints. */
export interface ReadStub extends CheckpointNames {
  readonly stub: KeptStub;
}

const SIDES = ['hub', 'provider'] as const;
const MODES = ['synchronous', 'asynchronous'] as const;

/** What of it has bytes is written as the messages that it came with. @throws ProtocolError 'too-large' */
export function encodeStub({ record, spec, heardAtMs }: KeptStub, names: CheckpointNames): Uint8Array {
  const { id, task, terms, stub, why, content } = record;
  const header = { stub, why, heardAtMs, ...names, spec: 0, said: 1 };
  const specBytes = encodeHubMessage({ type: 'configure', config: 1, tasks: [spec] });
  let tooLarge: unknown;
  for (const result of content.result === undefined ? [undefined] : smallerResults(content.result)) {
    const said: Move = {
      type: 'move',
      id,
      task,
      message: { type: 'over' },
      leftOut: undefined,
      terms,
      result,
      anchorBytes: 0,
      differenceBytes: 0,
    };
    try {
      return encodeFrame({ header, parts: [specBytes, encodeHubMessage(said)] });
    } catch (error) {
      tooLarge = error;
    }
  }
  throw tooLarge;
}

/** @throws ProtocolError when it is not what `encodeStub` wrote. */
export function decodeStub(bytes: Uint8Array): ReadStub {
  const fields = Fields.of(decodeFrame(bytes));
  const said = decodeHubMessage(fields.part('said'));
  if (said.type !== 'move' || said.terms === undefined) throw new ProtocolError('malformed', 'A stub has no terms');
  const { id, task, terms, result } = said;
  const why = fields.text('why', MOST.messageLength);
  const record = { id, task, stub: stubOf(fields.object('stub')), content: { result }, terms, why };
  return {
    stub: { record, spec: specOf(fields.part('spec')), heardAtMs: fields.amount('heardAtMs') },
    anchor: fields.optionalText('anchor', MOST.nameLength),
    difference: fields.optionalText('difference', MOST.nameLength),
  };
}

function specOf(bytes: Uint8Array): TaskSpec {
  const message = decodeHubMessage(bytes);
  const [spec] = message.type === 'configure' ? message.tasks : [];
  if (spec !== undefined) return spec;
  throw new ProtocolError('malformed', 'A stub has no task');
}

function stubOf(fields: Fields): Stub {
  return {
    side: fields.oneOf('side', SIDES),
    epoch: fields.whole('epoch'),
    base: fields.whole('base'),
    point: fields.whole('point'),
    common: fields.whole('common', MOST.wholeNumber, -1),
    agreed: fields.oneOf('agreed', SIDES),
    open: fields.list('open', MOST.parts, (each) => ({
      point: each.whole('point'),
      responsible: each.oneOf('responsible', SIDES),
    })),
    released: fields.whole('released'),
    over: fields.flag('over'),
    responsible: fields.oneOf('responsible', SIDES),
    mode: fields.oneOf('mode', MODES),
    offer: fields.flag('offer'),
    end: fields.flag('end'),
  };
}
