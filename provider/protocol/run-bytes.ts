import type { Bytes, TaskEvent } from '../../runtime/index.js';

/** What an event counts towards `windowBytes`: payload, topic and captures, of texts the characters. */
export function runBytes({ payload, topic, captures }: TaskEvent): Bytes {
  let bytes = payload.length + topic.length;
  for (const [name, text] of Object.entries(captures)) bytes += name.length + text.length;
  return bytes;
}
