const KiB = 1024;
const MiB = 1024 * KiB;

/** Every bound of the session protocol, each with the attack or accident it stops. Both sides keep to them. */
export const PROTOCOL_BOUNDS = {
  /** One message: the largest output that a provider lets a run have, its log and its reads, with room to spare. */
  messageBytes: 8 * MiB,
  /** The header of a message: the reads of a run, their keys written as JSON, and its log. */
  headerBytes: 6 * MiB,
  /** A message before the hub is known: nobody unknown makes the provider hold more. */
  helloBytes: 16 * KiB,
  /** Binary parts of a message. */
  parts: 16_384,
  /** Tasks in one configuration: as many as a hub has. */
  tasks: 1_024,
  /** Buckets replicated to one session. */
  buckets: 1_024,
  /** The state of a session, where the provider does not say. */
  stateBytes: 64 * MiB,
  /** What a key counts in it besides its names and its value: each thread has its place in memory. */
  stateEntryBytes: 128,
  /** Runs in one message: more gains nothing. */
  runs: 256,
  /** Changes of state in one message. */
  stateEntries: 1_024,
  /** Payloads or values that a side puts into one message before it begins another. */
  batchBytes: 1 * MiB,
  /** A piece of a component: at 1 MiB/s it is through in a quarter of a second, so that beats are not late. */
  chunkBytes: 256 * KiB,
  /** Pieces that are on the way unacknowledged: keeps a line of 100 ms at 10 MiB/s busy. */
  chunksAhead: 4,
  /** A packed checkpoint of a run that moves: what a line of 1 MiB/s takes in a minute. */
  checkpointBytes: 64 * MiB,
  /** The same unpacked: little that is sent must not become much here. */
  checkpointBodyBytes: 512 * MiB,
  /** Of checkpoints that are on their way in a session, all together: one anchor and its difference at the least. */
  movingBytes: 128 * MiB,
  /** What a message about such a run counts beside its checkpoints while it waits for these, where it has no result. */
  moveBytes: 32 * KiB,
  /** Runs whose checkpoints are on their way at once. */
  movingAtOnce: 64,
  /** Messages about one run that wait for their way: more than may be ahead, so that only repetitions are left out. */
  movesWaiting: 16,
  /** Runs of which a side has something to say that waits for its link: more than may move. What is left out is said when it is asked for again. */
  linesWaiting: 1_024,
  /** What a link may hold when a piece is added: beats and outcomes that come then are not late. */
  movingBufferedBytes: 1 * MiB,
  /** A migration's name: a run's, and as much again as makes it the only one. */
  migrationIdLength: 576,
  /** The longest time that a hub's terms have: a month, as a timer takes no more. */
  termMs: 2_000_000_000,
  /** A name: of a task, a hub, a provider. */
  nameLength: 256,
  /** An id of an event or a run, made by the hub. */
  idLength: 512,
  /** An MQTT topic. */
  topicLength: 65_535,
  /** A key of a bucket. */
  keyLength: 1_024,
  /** Entries of a record from names to texts: captures, or what `wasi:config` answers. */
  recordEntries: 256,
  /** One of those texts. */
  textLength: 64 * KiB,
  /** Filters that a task may publish to. */
  filters: 64,
  /** What says why something was refused, or how a run ended. */
  messageLength: 8 * KiB,
  /** Effects, reads and log lines of one run: the runtime's own bounds. */
  effects: 4_096,
  reads: 4_096,
  /** Lists of keys that a run was given: a list takes 16 bytes of what may be recorded. */
  pages: 16_384,
  /** Keys in one of them: as many as a list has, and as many again for what the run wrote itself. */
  pageKeys: 8_192,
  logLines: 4_096,
  /** Lines beyond those, and attempts: what the four bytes hold in which a record and a checkpoint have them. */
  droppedLogLines: 0xffff_ffff,
  attempts: 0xffff_ffff,
  /** Versions that a side names. */
  versions: 16,
  /** Between two beats: a provider cannot keep a hub busy with them, nor have it wait for a link that is dead. */
  leastHeartbeatMs: 10,
  heartbeatMs: 60_000,
  leaseMs: 10 * 60_000,
  /** The largest number that a counter, a size or an amount of fuel comes to: exact in a double. */
  wholeNumber: Number.MAX_SAFE_INTEGER,
} as const;

/** How long things may take. */
export const PROTOCOL_TIMES = {
  /** From the greeting to a complete hello: who says nothing is let go. */
  helloMs: 5_000,
  /** Between two beats of the hub. */
  heartbeatMs: 1_000,
  /** A side that has heard nothing for this long takes the link for dead. Five beats: one that is late is not a dead link. */
  leaseMs: 5_000,
  /** After so long a link that held too much is looked at again. */
  movingAgainMs: 5,
} as const;

/** How soon silence is taken for a dead link: `failure-detector.ts`. */
export const DETECTOR_BOUNDS = {
  /** Pauses that are looked at: half a minute of beats, so that a link that has become slow is known as slow soon. */
  pauses: 32,
  /** Pauses before they are gone by at all. */
  pausesToTrust: 4,
  /** Deviations from the mean that a pause may be long: one in ten thousand is longer where they are normal. */
  deviations: 4,
  /** A beat that is lost, and the next that is late, are no dead link: a busy machine stands still for a second at times. */
  beats: 3,
} as const;
