import type { LogLevel } from '../../task.js';
import type { Host } from './host.js';

/** `wasi:logging`: lines of evidence, kept whatever the outcome, up to the log limit. */
export function logging(host: Host) {
  return {
    'wasi:logging/logging': {
      log(level: LogLevel, context: string, message: string): void {
        host.run.charge(context.length + message.length);
        host.run.addLog({ level, context, message });
      },
    },
  };
}
