import { pino, type Logger } from 'pino';

export type { Logger };

/** The hub's own log, as JSON lines on stderr: stdout is for what a command was asked to print. */
export function createLog(level: string): Logger {
  return pino({ name: 'sterna', level }, pino.destination({ dest: 2, sync: true }));
}
