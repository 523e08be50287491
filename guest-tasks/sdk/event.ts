/** What woke the task. */
import { arrivedAt, capture, eventId } from "./context";
import { Json, parseJsonAt } from "./json-reader";
import { decodeUtf8 } from "./utf8";

/**
 * One delivery. Making it calls no host function and decodes nothing: what a
 * task does not look at costs nothing.
 */
export class Event {
  private view: Uint8Array | null = null;

  /** For the SDK. */
  constructor(
    /** The MQTT topic, as published. */
    readonly topic: string,
    /** The payload's bytes, not to be changed. */
    readonly buffer: ArrayBuffer,
  ) {}

  /** The payload: any bytes at all, empty ones too. */
  get payload(): Uint8Array {
    let view = this.view;
    if (view === null) this.view = view = Uint8Array.wrap(this.buffer);
    return view;
  }

  /** The payload read as UTF-8; what is not UTF-8 reads as U+FFFD. */
  text(): string {
    return decodeUtf8(changetype<usize>(this.buffer), <usize>this.buffer.byteLength);
  }

  /** The payload read as JSON; malformed JSON reads as a missing value. Reads it anew at each call. */
  json(): Json {
    return parseJsonAt(this.buffer);
  }

  /** What `{name}` in the trigger's topic pattern matched, or "" when it has no such capture. */
  capture(name: string): string {
    return capture(name);
  }

  /** Stable: the same for a redelivery and for every attempt. */
  get id(): string {
    return eventId();
  }

  /** When the hub received it, in milliseconds since 1970 (UTC). */
  get arrivedAt(): i64 {
    return arrivedAt();
  }
}
