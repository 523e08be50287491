/**
 * What runs in the process of suspected tasks: a pool of one thread, the same
 * that runs everybody else's guests. The main thread stays free to pass
 * cancels on, and to end the process when the hub is gone.
 */
import { tuneEngine } from '../engine.js';
import { Pool } from '../pool/pool.js';
import { packResults, unpackRuns } from '../worker/wire-codec.js';
import type { FromProcess, ToProcess } from './messages.js';

let pool: Pool | undefined;
let running = new AbortController();

process.on('message', (message: ToProcess) => void receive(message));
// Its thread may be one that cannot be ended: an ordinary exit would wait for it.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));

async function receive(message: ToProcess): Promise<void> {
  switch (message.type) {
    case 'begin':
      tuneEngine();
      pool = new Pool({ ...message.options, threads: 1, quarantine: NOBODY, observe: () => undefined });
      await pool.ready();
      answer({ type: 'ready' });
      break;
    case 'run': {
      const [request] = unpackRuns(message.run);
      if (request === undefined || pool === undefined) throw new Error('a message of one run must come after "begin"');
      running = new AbortController();
      const result = await pool.run(request, running.signal);
      answer({ type: 'ended', result: packResults([[0, result]]) });
      break;
    }
    case 'cancel':
      running.abort();
      break;
  }
}

function answer(message: FromProcess): void {
  process.send?.(message);
}

/** Everything here is a suspect already. */
const NOBODY = {
  holds: () => false,
  add: () => undefined,
  run: () => Promise.reject(new Error('this process has no quarantine')),
};
