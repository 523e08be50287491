/** What runs in a thread of `sterna build`: one order after the other. */
import { parentPort } from 'node:worker_threads';
import { buildTask } from './build-task.js';
import type { BuildOrder, BuildReply } from './thread-messages.js';

parentPort?.on('message', (order: BuildOrder) => void answer(order.dir));

async function answer(dir: string): Promise<void> {
  let reply: BuildReply;
  try {
    reply = { type: 'built', result: await buildTask(dir) };
  } catch (error) {
    reply = { type: 'fault', message: error instanceof Error ? error.message : String(error) };
  }
  parentPort?.postMessage(reply);
}
