/** A thread that reads records of runs: unpacking them, and writing them as JSON, would hold up the hub's own. */
import { parentPort, workerData } from 'node:worker_threads';
// Not through the door of its folder, which brings the runtime along.
import { recordJson } from '../records/record-json.js';
import type { RecordAnswer, RecordQuestion, RecordRequest } from './record-messages.js';
import { RecordReader } from './record-reader.js';

const file: unknown = workerData;
if (parentPort === null || typeof file !== 'string')
  throw new TypeError('Cannot read records without the store’s file');
const port = parentPort;
const reader = new RecordReader(file);

port.on('message', (request: RecordRequest) => {
  if (request.kind !== 'close') {
    port.postMessage(answer(request));
    return;
  }
  reader.close();
  port.close();
});

function answer(question: RecordQuestion): RecordAnswer {
  const { id } = question;
  try {
    return { kind: 'answered', id, json: jsonOf(question) };
  } catch (error) {
    return { kind: 'fault', id, fault: error instanceof Error ? error.message : String(error) };
  }
}

function jsonOf(question: RecordQuestion): string | undefined {
  switch (question.kind) {
    case 'find': {
      const record = reader.find(question.runId, question.bornMs);
      return record === undefined ? undefined : JSON.stringify(recordJson(record));
    }
    case 'list':
      return JSON.stringify(reader.list(question.query));
  }
}
