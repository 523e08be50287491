/**
 * Between the component's export and the author's `onEvent`. The build writes
 * the module that calls these; a task has no use for them.
 */
import { answerError, answerOk, reallocate, takeBytes, takeString } from "./canonical-abi";
import { Event } from "./event";
import { failure } from "./fail";
// Named to asc by the build; here so that they are part of every task.
export { abort } from "./abort";
export { seed } from "./random";

/** The event that `handle-message` was called with. Makes no call to the host. */
export function begin(topic: usize, topicUnits: usize, payload: usize, bytes: usize): Event {
  const text = takeString(topic, topicUnits);
  return new Event(text, takeBytes(payload, bytes));
}

/** The address of what `handle-message` answers. */
export function finish(): usize {
  const reason = failure();
  return reason === null ? answerOk() : answerError(reason);
}

export function cabi_realloc(old: usize, oldBytes: usize, alignment: usize, bytes: usize): usize {
  return reallocate(old, alignment, bytes);
}
