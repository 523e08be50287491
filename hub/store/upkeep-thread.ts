/** A thread with a connection of its own, for what waits for the disk: checkpoints and backups. */
import { parentPort, workerData } from 'node:worker_threads';
import { Connection } from './sqlite.js';
import type { UpkeepAnswer, UpkeepRequest } from './upkeep-messages.js';

const file: unknown = workerData;
if (parentPort === null || typeof file !== 'string') throw new TypeError('Cannot keep up a store without its file');
const port = parentPort;

const connection = new Connection(file, { readOnly: false });
connection.exec('PRAGMA busy_timeout = 2000; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0');

port.on('message', (request: UpkeepRequest) => {
  if (request.kind !== 'close') {
    port.postMessage(answer(request));
    return;
  }
  connection.close();
  port.close();
});

function answer(request: Exclude<UpkeepRequest, { kind: 'close' }>): UpkeepAnswer {
  const { id } = request;
  try {
    if (request.kind === 'checkpoint') connection.prepare('PRAGMA wal_checkpoint(PASSIVE)').get();
    else connection.prepare('VACUUM INTO ?').run(request.file);
    return { id };
  } catch (error) {
    return { id, fault: error instanceof Error ? error.message : String(error) };
  }
}
