import type { Effect, KeyPage, LogLevel, LogLine, Outcome, QoS, Read, TrapReason, Usage } from '../../runtime/index.js';
import { closeOf, LIMIT_NAMES, limitsOf, listedOf } from './decode-shared-parts.js';
import { ProtocolError } from './errors.js';
import { Fields } from './fields.js';
import { decodeFrame } from './frame.js';
import { PROTOCOL_BOUNDS as MOST } from './limits.js';
import type { ProviderMessage, RemoteOutcome, TaskState } from './messages.js';
import { NONCE_BYTES, SIGNATURE_BYTES } from './sizes.js';

/** Reads what a provider sent. @throws ProtocolError 'malformed', 'too-large' or 'unknown-message' */
export function decodeProviderMessage(bytes: Uint8Array): ProviderMessage {
  const fields = Fields.of(decodeFrame(bytes));
  const type = fields.text('type', MOST.nameLength);
  if (!isKnown(type)) throw new ProtocolError('unknown-message', `There is no message "${type}" of a provider`);
  return READERS[type](fields);
}

function isKnown(type: string): type is ProviderMessage['type'] {
  return Object.hasOwn(READERS, type);
}

const READERS: { readonly [Type in ProviderMessage['type']]: (fields: Fields) => ProviderMessage } = {
  greeting: (fields) => ({
    type: 'greeting',
    versions: fields.wholes('versions', MOST.versions),
    nonce: fields.bytes('nonce', NONCE_BYTES),
    name: fields.text('name', MOST.nameLength),
  }),
  welcome: (fields) => {
    const capacity = fields.object('capacity');
    return {
      type: 'welcome',
      version: fields.whole('version'),
      signature: fields.bytes('signature', SIGNATURE_BYTES),
      heartbeatMs: fields.whole('heartbeatMs', MOST.heartbeatMs, MOST.leastHeartbeatMs),
      leaseMs: fields.whole('leaseMs', MOST.leaseMs, MOST.leastHeartbeatMs),
      window: fields.whole('window'),
      // A provider that does not say takes what fits into one message.
      windowBytes: fields.has('windowBytes') ? fields.whole('windowBytes') : MOST.messageBytes,
      capacity: {
        threads: capacity.whole('threads'),
        fuelPerSecond: capacity.amount('fuelPerSecond'),
        device: capacity.optionalText('device', MOST.nameLength),
      },
      revision: fields.whole('revision'),
    };
  },
  challenge: (fields) => ({
    type: 'challenge',
    config: fields.whole('config'),
    nonce: fields.bytes('nonce', NONCE_BYTES),
    digests: fields.texts('digests', MOST.tasks, 64),
  }),
  wanted: (fields) => ({
    type: 'wanted',
    config: fields.whole('config'),
    components: fields.list('components', MOST.tasks, (each) => ({
      digest: each.digest('digest'),
      offset: each.whole('offset'),
    })),
  }),
  stored: (fields) => ({ type: 'stored', digest: fields.digest('digest'), bytes: fields.whole('bytes') }),
  ready: (fields) => ({
    type: 'ready',
    config: fields.whole('config'),
    tasks: fields.list('tasks', MOST.tasks, taskStateOf),
  }),
  outcomes: (fields) => ({ type: 'outcomes', outcomes: fields.list('outcomes', MOST.runs, outcomeOf) }),
  window: (fields) => ({ type: 'window', runs: fields.whole('runs') }),
  beat: (fields) => ({ type: 'beat', beat: fields.whole('beat'), queueMs: fields.amount('queueMs') }),
  draining: (fields) => ({ type: 'draining', reason: fields.text('reason', MOST.messageLength) }),
  close: closeOf,
};

function taskStateOf(fields: Fields): TaskState {
  const name = fields.text('name', MOST.nameLength);
  const state = fields.oneOf('state', ['ready', 'refused']);
  if (state === 'refused') return { name, state, message: fields.text('message', MOST.messageLength) };
  return { name, state, limits: limitsOf(fields.object('limits')), startFuel: fields.whole('startFuel') };
}

function outcomeOf(fields: Fields): RemoteOutcome {
  return {
    n: fields.whole('n'),
    epoch: fields.whole('epoch'),
    outcome: endOf(fields.object('outcome')),
    effects: fields.list('effects', MOST.effects, effectOf),
    reads: fields.list('reads', MOST.reads, readOf),
    listed: fields.has('listed') ? fields.list('listed', MOST.buckets, listedOf) : undefined,
    pages: fields.has('pages') ? fields.list('pages', MOST.pages, pageOf) : undefined,
    unrecorded: fields.optionalText('unrecorded', MOST.messageLength),
    log: fields.list('log', MOST.logLines, logLineOf),
    droppedLogLines: fields.whole('droppedLogLines'),
    noticed: fields.has('noticed') ? fields.choices('noticed', LIMIT_NAMES) : undefined,
    usage: usageOf(fields.object('usage')),
    queuedMs: fields.amount('queuedMs'),
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
