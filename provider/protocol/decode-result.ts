/** How a run ended, as either side says it. */
import type {
  Effect,
  KeyPage,
  LogLevel,
  LogLine,
  Outcome,
  QoS,
  Read,
  RunResult,
  TrapReason,
  Usage,
} from '../../runtime/index.js';
import { LIMIT_NAMES, listedOf } from './decode-shared-parts.js';
import type { Fields } from './fields.js';
import { PROTOCOL_BOUNDS as MOST } from './limits.js';

export function resultOf(fields: Fields): Required<Omit<RunResult, 'runId' | 'where'>> {
  return {
    outcome: endOf(fields.object('outcome')),
    effects: fields.list('effects', MOST.effects, effectOf),
    reads: fields.list('reads', MOST.reads, readOf),
    listed: fields.has('listed') ? fields.list('listed', MOST.buckets, listedOf) : undefined,
    pages: fields.has('pages') ? fields.list('pages', MOST.pages, pageOf) : undefined,
    unrecorded: fields.optionalText('unrecorded', MOST.messageLength),
    log: fields.list('log', MOST.logLines, logLineOf),
    droppedLogLines: fields.whole('droppedLogLines', MOST.droppedLogLines),
    noticed: fields.has('noticed') ? fields.choices('noticed', LIMIT_NAMES) : undefined,
    usage: usageOf(fields.object('usage')),
  };
}

const TRAPS: readonly TrapReason[] = [
  'unreachable',
  'memory-out-of-bounds',
  'table-out-of-bounds',
  'indirect-call',
  'arithmetic',
  'call-depth',
  'abi',
  'exception',
  'thread-lost',
];

function endOf(fields: Fields): Outcome {
  const message = (): string => fields.text('message', MOST.messageLength);
  const kind = fields.oneOf<Outcome['kind']>('kind', [
    'completed',
    'failed',
    'trapped',
    'out-of-fuel',
    'out-of-memory',
    'deadline',
    'output-limit',
    'denied',
    'cancelled',
  ]);
  switch (kind) {
    case 'failed':
    case 'output-limit':
    case 'denied':
      return { kind, message: message() };
    case 'trapped':
      return { kind, reason: fields.oneOf('reason', TRAPS), message: message() };
    case 'completed':
    case 'out-of-fuel':
    case 'out-of-memory':
    case 'deadline':
    case 'cancelled':
      return { kind };
  }
}

function effectOf(fields: Fields): Effect {
  const kind = fields.oneOf<Effect['kind']>('kind', ['publish', 'set', 'delete']);
  if (kind === 'publish') {
    return {
      kind,
      topic: fields.text('topic', MOST.topicLength),
      payload: fields.part('payload'),
      qos: fields.oneOf<QoS>('qos', [0, 1, 2]),
      retain: fields.flag('retain'),
    };
  }
  const bucket = fields.text('bucket', MOST.nameLength);
  const key = fields.text('key', MOST.keyLength);
  return kind === 'set' ? { kind, bucket, key, value: fields.part('value') } : { kind, bucket, key };
}

function readOf(fields: Fields): Read {
  const read = {
    bucket: fields.text('bucket', MOST.nameLength),
    key: fields.text('key', MOST.keyLength),
    version: fields.whole('version'),
  };
  return fields.has('value') ? { ...read, value: fields.part('value') } : read;
}

function pageOf(fields: Fields): KeyPage {
  return {
    bucket: fields.text('bucket', MOST.nameLength),
    after: fields.optionalText('after', MOST.keyLength),
    limit: fields.whole('limit'),
    keys: fields.texts('keys', MOST.pageKeys, MOST.keyLength),
  };
}

const LEVELS: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error', 'critical'];

function logLineOf(fields: Fields): LogLine {
  return {
    level: fields.oneOf('level', LEVELS),
    context: fields.text('context', MOST.messageBytes),
    message: fields.text('message', MOST.messageBytes),
  };
}

function usageOf(fields: Fields): Usage {
  return {
    fuel: fields.whole('fuel'),
    peakMemoryBytes: fields.whole('peakMemoryBytes'),
    wallMs: fields.amount('wallMs'),
    hostMs: fields.amount('hostMs'),
    outputBytes: fields.whole('outputBytes'),
    logBytes: fields.whole('logBytes'),
  };
}
