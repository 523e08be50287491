/**
 * The door of Sterna's SDK for tasks in AssemblyScript.
 *
 *   import { Event, publishText } from "sterna";
 *
 *   export function onEvent(event: Event): void {
 *     publishText("echo/" + event.topic, event.text());
 *   }
 *
 * Memory is fresh for every event. What must last goes into `state`; what the
 * task may touch stands in its task.toml.
 */
import * as checkpoint from "./checkpoint";
import * as config from "./config";
import * as context from "./context";
import * as log from "./log";
import * as state from "./state";

export { checkpoint, config, context, log, state };
export { Event } from "./event";
export { fail } from "./fail";
export { lastError } from "./last-error";
export { publish, publishText, publishWith, QoS } from "./publish";
export { Bucket } from "./state";
export { Json, JsonKind, parseJson } from "./json-reader";
export { JsonWriter } from "./json-writer";
export { NO_TIME, parseIsoTime, timeOf } from "./iso-time";
export { monotonicNs, now } from "./clock";
export { random, randomU64 } from "./random";
export { decodeUtf8, encodeUtf8 } from "./utf8";
