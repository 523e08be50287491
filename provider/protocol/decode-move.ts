/** What either side says about a run that moves. */
import { resultOf } from './decode-result.js';
import type { Fields } from './fields.js';
import { PROTOCOL_BOUNDS as MOST } from './limits.js';
import type { Move, Piece } from './messages.js';
import type { Terms } from './migration/ports.js';

const SIDES = ['hub', 'provider'] as const;
const MODES = ['synchronous', 'asynchronous'] as const;

export function moveOf(fields: Fields): Move {
  return {
    type: 'move',
    id: fields.text('id', MOST.migrationIdLength),
    task: fields.text('task', MOST.nameLength),
    message: messageOf(fields.object('message')),
    leftOut: fields.has('leftOut') ? fields.digest('leftOut') : undefined,
    terms: fields.has('terms') ? termsOf(fields.object('terms')) : undefined,
    why: fields.optionalText('why', MOST.messageLength),
    result: fields.has('result') ? endOf(fields.object('result')) : undefined,
    revision: fields.has('revision') ? fields.whole('revision') : undefined,
    anchorBytes: fields.whole('anchorBytes', MOST.checkpointBytes),
    differenceBytes: fields.whole('differenceBytes', MOST.checkpointBytes),
  };
}

export function pieceOf(fields: Fields): Piece {
  return {
    type: 'piece',
    id: fields.text('id', MOST.migrationIdLength),
    of: fields.oneOf('of', ['anchor', 'difference']),
    offset: fields.whole('offset', MOST.checkpointBytes),
    total: fields.whole('total', MOST.checkpointBytes, 1),
    bytes: fields.part('bytes', MOST.chunkBytes),
  };
}

function messageOf(fields: Fields): Move['message'] {
  const type = fields.oneOf('type', ['point', 'held', 'nothing', 'over', 'lacks']);
  switch (type) {
    case 'point':
      return {
        type,
        epoch: fields.whole('epoch'),
        base: fields.whole('base'),
        from: fields.whole('from'),
        point: fields.whole('point'),
        whole: fields.flag('whole'),
        responsible: fields.oneOf('responsible', SIDES),
        mode: fields.oneOf('mode', MODES),
        offer: fields.flag('offer'),
        end: fields.flag('end'),
      };
    case 'held':
      return { type, epoch: fields.whole('epoch'), point: fields.whole('point') };
    case 'nothing':
      return { type, epoch: fields.whole('epoch') };
    case 'over':
    case 'lacks':
      return { type };
  }
}

function termsOf(fields: Fields): Terms {
  return {
    pointMs: fields.whole('pointMs', MOST.termMs, 1),
    reclaimMs: fields.whole('reclaimMs', MOST.termMs),
    responsible: fields.has('responsible') ? fields.oneOf('responsible', SIDES) : undefined,
    mode: fields.has('mode') ? fields.oneOf('mode', MODES) : undefined,
    executes: fields.has('executes') ? fields.oneOf('executes', SIDES) : undefined,
    isForHere: fields.flag('isForHere'),
    isUrgent: fields.has('isUrgent') ? fields.flag('isUrgent') : undefined,
    sparesHub: fields.has('sparesHub') ? fields.flag('sparesHub') : undefined,
    expectedFuel: fields.amount('expectedFuel'),
  };
}

function endOf(fields: Fields): Move['result'] {
  return { runId: fields.text('runId', MOST.idLength), ...resultOf(fields) };
}
