import type { LogLevel } from '../../task.js';
import { enumeration, hostFunction, type HostInterface } from '../abi/types.js';
import type { Host } from './host.js';

const LEVEL = enumeration('trace', 'debug', 'info', 'warn', 'error', 'critical');

/** `wasi:logging`: lines of evidence, kept whatever the outcome, up to the log limit. */
export function logging(host: Host): Record<string, HostInterface> {
  return {
    'wasi:logging/logging': {
      log: hostFunction([LEVEL, 'text', 'text'], undefined, (level: LogLevel, context: string, message: string) => {
        host.run.charge(context.length + message.length);
        host.run.addLog({ level, context, message });
      }),
    },
  };
}
