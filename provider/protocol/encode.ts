import type { Effect, Read, RunResult } from '../../runtime/index.js';
import { encodeFrame } from './frame.js';
import type { HubMessage, Move, ProviderMessage, RemoteRun, StateEntry } from './messages.js';

/** Collects the binary parts of a message. */
class Parts {
  readonly all: Uint8Array[] = [];

  /** @returns the part's index. */
  readonly add = (bytes: Uint8Array): number => this.all.push(bytes) - 1;
}

/** @throws ProtocolError 'too-large' */
export function encodeHubMessage(message: HubMessage): Uint8Array {
  const parts = new Parts();
  const header = hubHeader(message, parts);
  return encodeFrame({ header: { ...header, type: message.type }, parts: parts.all });
}

/** @throws ProtocolError 'too-large' */
export function encodeProviderMessage(message: ProviderMessage): Uint8Array {
  const parts = new Parts();
  const header = providerHeader(message, parts);
  return encodeFrame({ header: { ...header, type: message.type }, parts: parts.all });
}

function hubHeader(message: HubMessage, { add }: Parts): object {
  switch (message.type) {
    case 'hello': {
      const { join } = message;
      const secrets = { key: text(message.key), nonce: text(message.nonce), signature: text(message.signature) };
      return { ...message, ...secrets, join: join === undefined ? undefined : text(join) };
    }
    case 'proofs':
      return { ...message, proofs: message.proofs.map(({ digest, proof }) => ({ digest, proof: text(proof) })) };
    case 'chunk':
      return { ...message, bytes: add(message.bytes) };
    case 'state':
      return { ...message, entries: message.entries.map((entry) => entryHeader(entry, add)) };
    case 'runs':
      return { runs: message.runs.map((run) => runHeader(run, add)) };
    case 'move':
      return moveHeader(message, add);
    case 'piece':
      return { ...message, bytes: add(message.bytes) };
    case 'configure':
    case 'cancel':
    case 'beat':
    case 'drain':
    case 'close':
      return message;
  }
}

function providerHeader(message: ProviderMessage, { add }: Parts): object {
  switch (message.type) {
    case 'greeting':
    case 'challenge':
      return { ...message, nonce: text(message.nonce) };
    case 'welcome':
      return { ...message, signature: text(message.signature) };
    case 'outcomes':
      return { outcomes: message.outcomes.map((outcome) => resultHeader(outcome, add)) };
    case 'move':
      return moveHeader(message, add);
    case 'piece':
      return { ...message, bytes: add(message.bytes) };
    case 'wanted':
    case 'stored':
    case 'ready':
    case 'window':
    case 'beat':
    case 'draining':
    case 'close':
      return message;
  }
}

type Add = Parts['add'];

function entryHeader({ bucket, key, version, value }: StateEntry, add: Add): object {
  return { bucket, key, version, value: value === undefined ? undefined : add(value) };
}

function runHeader(run: RemoteRun, add: Add): object {
  return { ...run, event: { ...run.event, payload: add(run.event.payload) } };
}

function moveHeader(move: Move, add: Add): object {
  return { ...move, result: move.result && resultHeader(move.result, add) };
}

function resultHeader(result: Pick<RunResult, 'reads' | 'effects'>, add: Add): object {
  const reads = result.reads.map((read) => readHeader(read, add));
  return { ...result, reads, effects: result.effects.map((effect) => effectHeader(effect, add)) };
}

function readHeader(read: Read, add: Add): object {
  return read.value === undefined ? read : { ...read, value: add(read.value) };
}

function effectHeader(effect: Effect, add: Add): object {
  switch (effect.kind) {
    case 'publish':
      return { ...effect, payload: add(effect.payload) };
    case 'set':
      return { ...effect, value: add(effect.value) };
    case 'delete':
      return effect;
  }
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}
