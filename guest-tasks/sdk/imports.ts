/**
 * Every function the SDK imports from the host, as the core module sees it.
 *
 * Nothing else in the SDK uses `@external`. A declaration costs nothing until
 * something calls it: a task imports only the interfaces it uses. How the
 * parameters and results are laid out is in `canonical-abi.ts`; `result` is
 * always the address of a result area described there.
 */

@external("wasi:logging/logging@0.1.0-draft", "log")
export declare function hostLog(
  level: i32,
  context: usize,
  contextUnits: usize,
  message: usize,
  messageUnits: usize,
): void;

@external("wasi:config/store@0.2.0-rc.1", "get")
export declare function hostConfigGet(key: usize, keyUnits: usize, result: usize): void;

@external("wasi:keyvalue/store@0.2.0-draft", "open")
export declare function hostBucketOpen(name: usize, nameUnits: usize, result: usize): void;

@external("wasi:keyvalue/store@0.2.0-draft", "[resource-drop]bucket")
export declare function hostBucketDrop(bucket: i32): void;

@external("wasi:keyvalue/store@0.2.0-draft", "[method]bucket.get")
export declare function hostBucketGet(
  bucket: i32,
  key: usize,
  keyUnits: usize,
  result: usize,
): void;

@external("wasi:keyvalue/store@0.2.0-draft", "[method]bucket.set")
export declare function hostBucketSet(
  bucket: i32,
  key: usize,
  keyUnits: usize,
  value: usize,
  valueBytes: usize,
  result: usize,
): void;

@external("wasi:keyvalue/store@0.2.0-draft", "[method]bucket.delete")
export declare function hostBucketDelete(
  bucket: i32,
  key: usize,
  keyUnits: usize,
  result: usize,
): void;

@external("wasi:keyvalue/store@0.2.0-draft", "[method]bucket.exists")
export declare function hostBucketExists(
  bucket: i32,
  key: usize,
  keyUnits: usize,
  result: usize,
): void;

@external("wasi:keyvalue/store@0.2.0-draft", "[method]bucket.list-keys")
export declare function hostBucketListKeys(
  bucket: i32,
  hasCursor: i32,
  cursor: u64,
  result: usize,
): void;

@external("wasi:keyvalue/atomics@0.2.0-draft", "increment")
export declare function hostBucketIncrement(
  bucket: i32,
  key: usize,
  keyUnits: usize,
  delta: u64,
  result: usize,
): void;

@external("wasi:clocks/wall-clock@0.2.0", "now")
export declare function hostWallClockNow(result: usize): void;

@external("wasi:clocks/monotonic-clock@0.2.0", "now")
export declare function hostMonotonicClockNow(): u64;

@external("wasi:random/random@0.2.0", "get-random-u64")
export declare function hostRandomU64(): u64;

@external("wasmcloud:messaging/consumer@0.2.0", "publish")
export declare function hostPublish(
  topic: usize,
  topicUnits: usize,
  payload: usize,
  payloadBytes: usize,
  hasReplyTo: i32,
  replyTo: usize,
  replyToUnits: usize,
  result: usize,
): void;

@external("sterna:task/publisher@0.1.0", "publish")
export declare function hostPublishWith(
  topic: usize,
  topicUnits: usize,
  payload: usize,
  payloadBytes: usize,
  qos: i32,
  retain: i32,
  result: usize,
): void;

@external("sterna:task/context@0.1.0", "event-id")
export declare function hostEventId(result: usize): void;

@external("sterna:task/context@0.1.0", "run-id")
export declare function hostRunId(result: usize): void;

@external("sterna:task/context@0.1.0", "attempt")
export declare function hostAttempt(): u32;

@external("sterna:task/context@0.1.0", "capture")
export declare function hostCapture(name: usize, nameUnits: usize, result: usize): void;

@external("sterna:task/context@0.1.0", "arrived-at")
export declare function hostArrivedAt(): u64;

@external("sterna:task/context@0.1.0", "deadline-left-ms")
export declare function hostDeadlineLeftMs(): u32;

@external("sterna:task/context@0.1.0", "fuel-left")
export declare function hostFuelLeft(): u64;

@external("sterna:task/checkpoint@0.1.0", "offer")
export declare function hostCheckpointOffer(progress: f64): void;
