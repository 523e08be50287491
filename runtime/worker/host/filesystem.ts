import {
  borrow,
  enumeration,
  flags,
  hostFunction,
  list,
  option,
  own,
  record,
  result,
  tuple,
  variant,
  type AbiType,
  type HostFunction,
  type HostInterface,
} from '../abi/types.js';
import { DATETIME } from './clocks.js';
import type { Host } from './host.js';
import { INPUT_STREAM, IO_ERROR, OUTPUT_STREAM } from './io.js';
import { err } from './result.js';

const DESCRIPTOR = 'wasi:filesystem/types/descriptor';
const DIRECTORY_ENTRIES = 'wasi:filesystem/types/directory-entry-stream';

const ERROR_CODE = enumeration(
  'access',
  'would-block',
  'already',
  'bad-descriptor',
  'busy',
  'deadlock',
  'quota',
  'exist',
  'file-too-large',
  'illegal-byte-sequence',
  'in-progress',
  'interrupted',
  'invalid',
  'io',
  'is-directory',
  'loop',
  'too-many-links',
  'message-size',
  'name-too-long',
  'no-device',
  'no-entry',
  'no-lock',
  'insufficient-memory',
  'insufficient-space',
  'not-directory',
  'not-empty',
  'not-recoverable',
  'unsupported',
  'no-tty',
  'no-such-device',
  'overflow',
  'not-permitted',
  'pipe',
  'read-only',
  'invalid-seek',
  'text-file-busy',
  'cross-device',
);
const TYPE = enumeration(
  'unknown',
  'block-device',
  'character-device',
  'directory',
  'fifo',
  'symbolic-link',
  'regular-file',
  'socket',
);
const DESCRIPTOR_FLAGS = flags(
  'read',
  'write',
  'file-integrity-sync',
  'data-integrity-sync',
  'requested-write-sync',
  'mutate-directory',
);
const PATH_FLAGS = flags('symlink-follow');
const OPEN_FLAGS = flags('create', 'directory', 'exclusive', 'truncate');
const ADVICE = enumeration('normal', 'sequential', 'random', 'will-need', 'dont-need', 'no-reuse');
const NEW_TIMESTAMP = variant(['no-change', undefined], ['now', undefined], ['timestamp', DATETIME]);
const STAT = record({
  type: TYPE,
  linkCount: 'u64',
  size: 'u64',
  dataAccessTimestamp: option(DATETIME),
  dataModificationTimestamp: option(DATETIME),
  statusChangeTimestamp: option(DATETIME),
});
const ENTRY = record({ type: TYPE, name: 'string' });
const HASH = record({ lower: 'u64', upper: 'u64' });

/**
 * `wasi:filesystem`, inert: there are no directories to begin with, so there is
 * never a descriptor, and whoever makes one up is trapped before he is answered.
 */
export function filesystem(host: Host): Record<string, HostInterface> {
  const refuse = () => {
    host.run.charge(0);
    return err('access');
  };
  const method = (params: readonly AbiType[], returns: AbiType | undefined): HostFunction =>
    hostFunction([borrow(DESCRIPTOR), ...params], result(returns, ERROR_CODE), refuse);

  return {
    'wasi:filesystem/preopens': {
      'get-directories': hostFunction([], list(tuple(own(DESCRIPTOR), 'string')), () => {
        host.run.charge(0);
        return [];
      }),
    },
    'wasi:filesystem/types': {
      '[method]descriptor.read-via-stream': method(['u64'], own(INPUT_STREAM)),
      '[method]descriptor.write-via-stream': method(['u64'], own(OUTPUT_STREAM)),
      '[method]descriptor.append-via-stream': method([], own(OUTPUT_STREAM)),
      '[method]descriptor.advise': method(['u64', 'u64', ADVICE], undefined),
      '[method]descriptor.sync-data': method([], undefined),
      '[method]descriptor.get-flags': method([], DESCRIPTOR_FLAGS),
      '[method]descriptor.get-type': method([], TYPE),
      '[method]descriptor.set-size': method(['u64'], undefined),
      '[method]descriptor.set-times': method([NEW_TIMESTAMP, NEW_TIMESTAMP], undefined),
      '[method]descriptor.read': method(['u64', 'u64'], tuple('bytes', 'bool')),
      '[method]descriptor.write': method(['bytes', 'u64'], 'u64'),
      '[method]descriptor.read-directory': method([], own(DIRECTORY_ENTRIES)),
      '[method]descriptor.sync': method([], undefined),
      '[method]descriptor.create-directory-at': method(['string'], undefined),
      '[method]descriptor.stat': method([], STAT),
      '[method]descriptor.stat-at': method([PATH_FLAGS, 'string'], STAT),
      '[method]descriptor.set-times-at': method([PATH_FLAGS, 'string', NEW_TIMESTAMP, NEW_TIMESTAMP], undefined),
      '[method]descriptor.link-at': method([PATH_FLAGS, 'string', borrow(DESCRIPTOR), 'string'], undefined),
      '[method]descriptor.open-at': method([PATH_FLAGS, 'string', OPEN_FLAGS, DESCRIPTOR_FLAGS], own(DESCRIPTOR)),
      '[method]descriptor.readlink-at': method(['string'], 'string'),
      '[method]descriptor.remove-directory-at': method(['string'], undefined),
      '[method]descriptor.rename-at': method(['string', borrow(DESCRIPTOR), 'string'], undefined),
      '[method]descriptor.symlink-at': method(['string', 'string'], undefined),
      '[method]descriptor.unlink-file-at': method(['string'], undefined),
      '[method]descriptor.is-same-object': hostFunction([borrow(DESCRIPTOR), borrow(DESCRIPTOR)], 'bool', () => false),
      '[method]descriptor.metadata-hash': method([], HASH),
      '[method]descriptor.metadata-hash-at': method([PATH_FLAGS, 'string'], HASH),
      '[method]directory-entry-stream.read-directory-entry': hostFunction(
        [borrow(DIRECTORY_ENTRIES)],
        result(option(ENTRY), ERROR_CODE),
        refuse,
      ),
      'filesystem-error-code': hostFunction([borrow(IO_ERROR)], option(ERROR_CODE), () => {
        host.run.charge(0);
        return undefined;
      }),
    },
  };
}
