/** The module that asc is given as entry: it joins an author's `onEvent` to the world that a task must fit. */

/** Not a name an author would choose; it stands for a file in the task's folder that is never written. */
export const ENTRY_FILE = 'sterna-task.ts';

/** What the SDK calls the function that asc calls `abort`. */
export const ABORT_ALIAS = 'abort=~lib/sterna/abort/abort';

/** What `Math.random` is seeded from: the run's recorded seed. */
export const SEED_ALIAS = 'seed=~lib/sterna/random/seed';

/** The export that makes a component a task; such a name cannot be written in source. */
export const HANDLER_EXPORT = 'wasmcloud:messaging/handler@0.2.0#handle-message';

/** How the exported function is called in the entry, and inside the module. */
export const HANDLER_NAME = 'handleMessage';
export const HANDLER_INTERNAL_NAME = 'sterna-task/handleMessage';

/** What an author must export, for messages. */
export const ON_EVENT = 'export function onEvent(event: Event): void';

/**
 * Parameters as the canonical ABI flattens a broker-message: subject and body
 * as (address, length), reply-to as (discriminant, address, length).
 */
export const ENTRY_SOURCE = `import { onEvent } from "./index";
import { begin, finish } from "sterna/entry";
export { cabi_realloc } from "sterna/entry";

export function ${HANDLER_NAME}(
  subject: usize, subjectUnits: usize, body: usize, bodyBytes: usize,
  hasReplyTo: i32, replyTo: usize, replyToUnits: usize,
): usize {
  onEvent(begin(subject, subjectUnits, body, bodyBytes));
  return finish();
}
`;
