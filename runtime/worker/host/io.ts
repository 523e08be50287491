import { AbiFault } from '../abi/abi-fault.js';
import { borrow, hostFunction, list, own, result, variant, type AbiType, type HostInterface } from '../abi/types.js';
import { RUNTIME_BOUNDS } from '../../limits.js';
import type { StandardStream } from '../run-context.js';
import type { Host } from './host.js';
import { err, ok, type HostResult } from './result.js';

export const POLLABLE = 'wasi:io/poll/pollable';
export const INPUT_STREAM = 'wasi:io/streams/input-stream';
export const OUTPUT_STREAM = 'wasi:io/streams/output-stream';
export const IO_ERROR = 'wasi:io/error/error';

/** What stands behind an input stream: there is nothing to read. */
export const CLOSED_INPUT = 'closed';
/** What stands behind a pollable: nothing here is waited for. */
const READY = 'ready';

const STREAM_ERROR = variant(['last-operation-failed', own(IO_ERROR)], ['closed', undefined]);
const CLOSED: HostResult<never, { tag: 'closed' }> = err({ tag: 'closed' });
const PERMIT = BigInt(RUNTIME_BOUNDS.writeBytes);

/** `wasi:io`: what is read is at its end, what is written goes to the log, and nothing is waited for. */
export function io(host: Host): Record<string, HostInterface> {
  /** A call that has nothing to do. */
  const idle = <Value>(value: Value) => {
    return (): Value => {
      host.run.charge(0);
      return value;
    };
  };
  const write = (to: StandardStream, contents: Uint8Array): HostResult<undefined, never> => {
    if (contents.length > RUNTIME_BOUNDS.writeBytes) throw tooMuch(BigInt(contents.length));
    host.run.charge(contents.length);
    host.run.writeTo(to, contents);
    return ok(undefined);
  };
  const writeZeroes = (to: StandardStream, length: bigint): HostResult<undefined, never> => {
    if (length > PERMIT) throw tooMuch(length);
    return write(to, new Uint8Array(Number(length)));
  };
  const input = (params: readonly AbiType[], returns: AbiType) =>
    hostFunction([borrow(INPUT_STREAM), ...params], result(returns, STREAM_ERROR), idle(CLOSED));
  const output = (params: readonly AbiType[], returns: AbiType | undefined, call: (...args: never[]) => unknown) =>
    hostFunction([borrow(OUTPUT_STREAM), ...params], result(returns, STREAM_ERROR), call);

  return {
    'wasi:io/error': {
      /** There is never an error to tell of. */
      '[method]error.to-debug-string': hostFunction([borrow(IO_ERROR)], 'string', idle('')),
    },
    'wasi:io/poll': {
      '[method]pollable.ready': hostFunction([borrow(POLLABLE)], 'bool', idle(true)),
      '[method]pollable.block': hostFunction([borrow(POLLABLE)], undefined, idle(undefined)),
      poll: hostFunction([list(borrow(POLLABLE))], list('u32'), (pollables: readonly unknown[]) => {
        host.run.charge(0);
        host.run.chargeItems(pollables.length);
        if (pollables.length === 0) throw new AbiFault('poll must be given something to wait for');
        return [...pollables.keys()];
      }),
    },
    'wasi:io/streams': {
      '[method]input-stream.read': input(['u64'], 'bytes'),
      '[method]input-stream.blocking-read': input(['u64'], 'bytes'),
      '[method]input-stream.skip': input(['u64'], 'u64'),
      '[method]input-stream.blocking-skip': input(['u64'], 'u64'),
      '[method]input-stream.subscribe': hostFunction([borrow(INPUT_STREAM)], own(POLLABLE), idle(READY)),
      '[method]output-stream.check-write': output([], 'u64', idle(ok(PERMIT))),
      '[method]output-stream.write': output(['bytes'], undefined, write),
      '[method]output-stream.blocking-write-and-flush': output(['bytes'], undefined, write),
      '[method]output-stream.flush': output([], undefined, idle(ok(undefined))),
      '[method]output-stream.blocking-flush': output([], undefined, idle(ok(undefined))),
      '[method]output-stream.subscribe': hostFunction([borrow(OUTPUT_STREAM)], own(POLLABLE), idle(READY)),
      '[method]output-stream.write-zeroes': output(['u64'], undefined, writeZeroes),
      '[method]output-stream.blocking-write-zeroes-and-flush': output(['u64'], undefined, writeZeroes),
      '[method]output-stream.splice': output([borrow(INPUT_STREAM), 'u64'], 'u64', idle(CLOSED)),
      '[method]output-stream.blocking-splice': output([borrow(INPUT_STREAM), 'u64'], 'u64', idle(CLOSED)),
    },
  };
}

/** More than the stream said it takes at once ends the guest, as the interface says. */
function tooMuch(length: bigint): AbiFault {
  return new AbiFault(`a stream takes ${PERMIT} bytes at once, not ${length}`);
}
