import type { BucketGrant, Grants, Limits, Points, QoS, TaskEvent } from '../../runtime/index.js';
import { ProtocolError } from './errors.js';
import { Fields } from './fields.js';
import { decodeFrame } from './frame.js';
import { PROTOCOL_BOUNDS as MOST } from './limits.js';
import type { HubMessage, HubMessageType, RemoteRun, StateEntry, TaskSpec } from './messages.js';
import { moveOf, pieceOf } from './decode-move.js';
import { closeOf, limitsOf, listedOf } from './decode-shared-parts.js';
import { KEY_BYTES, NONCE_BYTES, SHA256_BYTES, SIGNATURE_BYTES } from './sizes.js';

/** Reads what a hub sent. @throws ProtocolError 'malformed', 'too-large' or 'unknown-message' */
export function decodeHubMessage(bytes: Uint8Array): HubMessage {
  const fields = Fields.of(decodeFrame(bytes));
  const type = fields.text('type', MOST.nameLength);
  if (!isKnown(type)) throw new ProtocolError('unknown-message', `There is no message "${type}" of a hub`);
  return READERS[type](fields);
}

function isKnown(type: string): type is HubMessageType {
  return Object.hasOwn(READERS, type);
}

const READERS: { readonly [Type in HubMessageType]: (fields: Fields) => HubMessage } = {
  hello: (fields) => ({
    type: 'hello',
    version: fields.whole('version'),
    key: fields.bytes('key', KEY_BYTES),
    nonce: fields.bytes('nonce', NONCE_BYTES),
    name: fields.text('name', MOST.nameLength),
    signature: fields.bytes('signature', SIGNATURE_BYTES),
    join: fields.has('join') ? fields.bytes('join', SHA256_BYTES) : undefined,
    stateEpoch: fields.text('stateEpoch', MOST.nameLength),
  }),
  configure: (fields) => ({
    type: 'configure',
    config: fields.whole('config', MOST.wholeNumber, 1),
    tasks: fields.list('tasks', MOST.tasks, taskOf),
  }),
  proofs: (fields) => ({
    type: 'proofs',
    config: fields.whole('config'),
    proofs: fields.list('proofs', MOST.tasks, (proof) => ({
      digest: proof.digest('digest'),
      proof: proof.bytes('proof', SHA256_BYTES),
    })),
  }),
  chunk: (fields) => ({
    type: 'chunk',
    digest: fields.digest('digest'),
    offset: fields.whole('offset'),
    bytes: fields.part('bytes', MOST.chunkBytes),
  }),
  state: (fields) => ({
    type: 'state',
    revision: fields.whole('revision'),
    reset: fields.flag('reset'),
    entries: fields.list('entries', MOST.stateEntries, entryOf),
    sets: fields.list('sets', MOST.buckets, listedOf),
  }),
  runs: (fields) => ({ type: 'runs', runs: fields.list('runs', MOST.runs, runOf) }),
  cancel: (fields) => ({ type: 'cancel', n: fields.whole('n') }),
  move: moveOf,
  piece: pieceOf,
  beat: (fields) => ({ type: 'beat', beat: fields.whole('beat') }),
  drain: () => ({ type: 'drain' }),
  close: closeOf,
};

function taskOf(fields: Fields): TaskSpec {
  return {
    name: fields.text('name', MOST.nameLength),
    digest: fields.digest('digest'),
    bytes: fields.whole('bytes', MOST.wholeNumber, 1),
    limits: limitsOf(fields.object('limits')) satisfies Limits,
    grants: grantsOf(fields.object('grants')),
    config: fields.record('config'),
    subjects: fields.oneOf('subjects', ['verbatim', 'dotted']),
    resumable: fields.has('resumable') ? fields.oneOf<Points>('resumable', ['calls', 'loops', 'all']) : undefined,
  };
}

function grantsOf(fields: Fields): Grants {
  return {
    publish: fields.texts('publish', MOST.filters, MOST.topicLength),
    buckets: fields.objects<BucketGrant>('buckets', (bucket) => ({
      id: bucket.text('id', MOST.nameLength),
      access: bucket.oneOf('access', ['read', 'read-write']),
    })),
  };
}

function entryOf(fields: Fields): StateEntry {
  return {
    bucket: fields.text('bucket', MOST.nameLength),
    key: fields.text('key', MOST.keyLength),
    version: fields.whole('version'),
    value: fields.has('value') ? fields.part('value') : undefined,
  };
}

function runOf(fields: Fields): RemoteRun {
  return {
    n: fields.whole('n'),
    task: fields.text('task', MOST.nameLength),
    runId: fields.text('runId', MOST.idLength),
    attempt: fields.whole('attempt', MOST.attempts, 1),
    epoch: fields.whole('epoch'),
    event: eventOf(fields.object('event')),
    clockMs: fields.amount('clockMs'),
    seed: fields.whole('seed'),
    revision: fields.whole('revision'),
    recordReads: fields.flag('recordReads'),
  };
}

function eventOf(fields: Fields): TaskEvent {
  return {
    id: fields.text('id', MOST.idLength),
    topic: fields.text('topic', MOST.topicLength),
    payload: fields.part('payload'),
    qos: fields.oneOf<QoS>('qos', [0, 1, 2]),
    retain: fields.flag('retain'),
    arrivedAtMs: fields.amount('arrivedAtMs'),
    captures: fields.record('captures'),
  };
}
