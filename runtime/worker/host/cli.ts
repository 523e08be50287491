import { hostFunction, list, option, own, result, tuple, type AbiType, type HostInterface } from '../abi/types.js';
import type { StandardStream } from '../run-context.js';
import type { Host } from './host.js';
import { CLOSED_INPUT, INPUT_STREAM, OUTPUT_STREAM } from './io.js';
import type { HostResult } from './result.js';

/** `wasi:cli`, inert: no arguments, no environment, no terminal; standard output and error go to the run's log. */
export function cli(host: Host): Record<string, HostInterface> {
  const answer = (returns: AbiType, value: () => unknown) =>
    hostFunction([], returns, () => {
      host.run.charge(0);
      return value();
    });
  const nothing = (of: AbiType) => answer(option(of), () => undefined);
  const terminal = (name: string) => nothing(own(`wasi:cli/${name}/${name}`));

  return {
    'wasi:cli/environment': {
      'get-environment': answer(list(tuple('string', 'string')), () => []),
      'get-arguments': answer(list('string'), () => []),
      'initial-cwd': nothing('string'),
    },
    'wasi:cli/exit': {
      exit: hostFunction([result(undefined, undefined)], undefined, (status: HostResult<undefined, undefined>) =>
        host.run.exit(status.tag === 'ok' ? 'success' : 'an error'),
      ),
      'exit-with-code': hostFunction(['u8'], undefined, (code: number) => host.run.exit(`code ${code}`)),
    },
    'wasi:cli/stdin': { 'get-stdin': answer(own(INPUT_STREAM), () => CLOSED_INPUT) },
    'wasi:cli/stdout': { 'get-stdout': answer(own(OUTPUT_STREAM), (): StandardStream => 'stdout') },
    'wasi:cli/stderr': { 'get-stderr': answer(own(OUTPUT_STREAM), (): StandardStream => 'stderr') },
    'wasi:cli/terminal-input': {},
    'wasi:cli/terminal-output': {},
    'wasi:cli/terminal-stdin': { 'get-terminal-stdin': terminal('terminal-input') },
    'wasi:cli/terminal-stdout': { 'get-terminal-stdout': terminal('terminal-output') },
    'wasi:cli/terminal-stderr': { 'get-terminal-stderr': terminal('terminal-output') },
  };
}
