import { moveOf, pieceOf } from './decode-move.js';
import { resultOf } from './decode-result.js';
import { closeOf, limitsOf } from './decode-shared-parts.js';
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
      stateBytes: fields.has('stateBytes') ? fields.whole('stateBytes') : MOST.stateBytes,
      capacity: {
        threads: capacity.whole('threads'),
        fuelPerSecond: capacity.amount('fuelPerSecond'),
        device: capacity.optionalText('device', MOST.nameLength),
      },
      revision: fields.whole('revision'),
      stubs: fields.oneOf('stubs', ['disk', 'memory']),
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
  move: moveOf,
  piece: pieceOf,
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
    ...resultOf(fields),
    queuedMs: fields.amount('queuedMs'),
  };
}
