/**
 * Publishing. A message goes out when the run completes and was committed, and
 * not at all otherwise. Its topic must match a filter of the manifest's
 * `publish` grants.
 */
import { RESULT, discriminant, stringAt, unitsOf } from "./canonical-abi";
import { hostPublish, hostPublishWith } from "./imports";
import { failedWith, succeeded } from "./last-error";
import { encodeUtf8 } from "./utf8";

/** How often a message is delivered. */
export enum QoS {
  AtMostOnce,
  AtLeastOnce,
  ExactlyOnce,
}

function published(): bool {
  return discriminant() == 0 ? succeeded() : failedWith(stringAt(4));
}

/** Publishes at least once, not retained. False when refused; `lastError` says why. */
export function publish(topic: string, payload: Uint8Array): bool {
  hostPublish(
    changetype<usize>(topic),
    unitsOf(topic),
    payload.dataStart,
    payload.byteLength,
    0,
    0,
    0,
    RESULT,
  );
  return published();
}

/** `publish` with the text's UTF-8 as payload. */
export function publishText(topic: string, text: string): bool {
  return publish(topic, Uint8Array.wrap(encodeUtf8(text)));
}

/** `publish` with a choice of QoS and retain. Hosts other than Sterna do not offer it. */
export function publishWith(topic: string, payload: Uint8Array, qos: QoS, retain: bool): bool {
  hostPublishWith(
    changetype<usize>(topic),
    unitsOf(topic),
    payload.dataStart,
    payload.byteLength,
    qos,
    retain ? 1 : 0,
    RESULT,
  );
  return published();
}
