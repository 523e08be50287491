/** What both sides' messages have in them. */
import type { Limits, Listed } from '../../runtime/index.js';
import type { ProtocolErrorCode } from './errors.js';
import type { Fields } from './fields.js';
import { PROTOCOL_BOUNDS as MOST } from './limits.js';

export function listedOf(fields: Fields): Listed {
  return { bucket: fields.text('bucket', MOST.nameLength), version: fields.whole('version') };
}

export const LIMIT_NAMES: readonly (keyof Limits)[] = ['fuel', 'memoryBytes', 'deadlineMs', 'outputBytes', 'logBytes'];

export function limitsOf(fields: Fields): Limits {
  return {
    fuel: fields.whole('fuel'),
    memoryBytes: fields.whole('memoryBytes'),
    deadlineMs: fields.whole('deadlineMs'),
    outputBytes: fields.whole('outputBytes'),
    logBytes: fields.whole('logBytes'),
  };
}

const CLOSE_CODES: readonly (ProtocolErrorCode | 'done')[] = [
  'done',
  'malformed',
  'too-large',
  'unknown-message',
  'out-of-turn',
  'version',
  'identity',
  'busy',
  'quota',
  'digest',
  'window',
  'lease',
  'fault',
  'internal',
];

export function closeOf(fields: Fields): {
  readonly type: 'close';
  readonly code: ProtocolErrorCode | 'done';
  readonly message: string;
} {
  return {
    type: 'close',
    code: fields.oneOf('code', CLOSE_CODES),
    message: fields.text('message', MOST.messageLength),
  };
}
