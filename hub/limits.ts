const KiB = 1024;
const MiB = 1024 * KiB;

/** Every bound of the hub, each with the attack or accident it stops. */
export const HUB_BOUNDS = {
  /** Payload of one event: 1 MiB with room for what a gateway wraps around it. A few of them cannot fill a small hub. */
  payloadBytes: 1 * MiB + 64 * KiB,
  /** Runs that wait or run, over all tasks. At some 500 bytes each besides the payload, 10 MB. */
  queuedRuns: 20_000,
  /** Payloads of those runs together. A run is always admitted when nothing else is held. */
  queuedBytes: 64 * MiB,
  /**
   * Events above QoS 0 that are unacknowledged, as there is no room for them or the disk has not confirmed them. Then
   * nothing more is read. A broker with a window of its own (Mosquitto: 20) never comes near; one without (aedes) is
   * stopped from filling the hub's memory. Beyond it comes no more than one event for each connection.
   */
  heldEvents: 5_000,
  /** Payloads of those events together; the last one may go beyond. */
  heldBytes: 32 * MiB,
  /**
   * Deployed tasks. Each costs some 40 kB while it is idle, and the scheduler looks at each task that has work for each
   * run it starts.
   */
  tasks: 1_024,
  /** A manifest file. The largest sensible one is a few KiB. */
  manifestBytes: 64 * KiB,
  /** Triggers of a task. */
  triggers: 32,
  /** Topic filters in the publish grant. */
  publishGrants: 64,
  /** Buckets of a task. */
  buckets: 32,
  /** Keys of the `[config]` table. */
  configKeys: 256,
  /** Characters of a config value. */
  configValueLength: 4 * KiB,
  /** Levels of a topic filter: routing recurses once for each. */
  filterLevels: 64,
  /** The `queue` of a manifest. */
  maxTaskQueue: 100_000,
  /**
   * Keys whose shaping is remembered, for each trigger: as many devices as a large building has. One beyond makes the
   * one used longest ago be forgotten, so that made-up topics cannot fill the memory.
   */
  shapedKeys: 4_096,
  /** A longer key is remembered as its digest. */
  shapedKeyLength: 256,
  /**
   * Events that wait in the shaping of all triggers together, and their payloads: a quarter of what the hub may hold, so
   * that a long debounce cannot keep the others out. Beyond, those that are due next go on before their time.
   */
  shapedEvents: 5_000,
  shapedBytes: 16 * MiB,
  /** Payloads or values that `dedupe` remembers, for each trigger: some 100 bytes each. */
  dedupedValues: 4_096,
  /** A payload that is parsed for a JSON pointer on the thread that all events pass: under a millisecond. */
  shapedJsonBytes: 64 * KiB,
  /** What is kept of a trigger's shaping over a restart, the newest: the keys of a large building. */
  keptShapingBytes: 512 * KiB,
  /** How often, where something changed: what a kill may undo. Each time costs a write of that size for each trigger. */
  keepShapingMs: 10_000,
  /** Characters of a JSON pointer. */
  pointerLength: 1_024,
  /** The longest `wait`, `maxWait`, `every`, `window` and `ttl`. A timer holds no more than 24 days. */
  shapingMs: 24 * 3_600_000,
  /** Characters of a `cron` line. */
  cronLength: 256,
  /** The shortest and the longest `every`. A longer rhythm is one of days, which cron can say. */
  leastTimerMs: 1_000,
  timerMs: 24 * 3_600_000,
  /** Characters of a timer's `payload`. */
  timerPayloadLength: 4 * KiB,
  /** A look at the machine's clock while a timer waits: setting it, or a machine that slept, tells nobody. */
  clockLookMs: 30_000,
  /** A firing that is later than that was missed. Above `clockLookMs`, and above the start of a hub at the wrong moment. */
  lateFiringMs: 60_000,
  /**
   * Firings of a timer that are caught up on, the newest: those of a night at one a minute. Finding them takes some
   * 70 us each.
   */
  caughtUpFirings: 500,
  /**
   * How far the machine's clock may be set back before cron goes by it again. Below, its moments are not lived through
   * twice; beyond, the clock was wrong before, as on a machine without a battery. As Vixie's cron has it.
   */
  clockSetBackMs: 3 * 3_600_000,
  /** Publishes in a row, whatever their tasks. Beyond, the next is cut as a loop is. */
  chainLength: 256,
  /**
   * Their names in a message: as many as `chainLength` of 15 letters. Of a longer chain the latest ones go with it, which
   * is where a loop is.
   */
  chainCharacters: 4 * KiB,
  /** The `hops` of a manifest. */
  maxHops: 64,
  /** Publishes that are remembered so that they are known when they come back: some 200 bytes each. */
  recentPublishes: 8_192,
  /** How long. A broker on the same network returns a message within milliseconds; a busy one within seconds. */
  recentPublishMs: 30_000,
  /** The `concurrency` of a manifest. */
  maxConcurrency: 1_024,
  /** Topics whose matches are remembered; a device repeats the few it has. */
  cachedTopics: 4_096,
  /** Longer topics are matched anew each time, so that the cache stays under about 2 MB. */
  cachedTopicLength: 256,
  /** Executions of one attempt of a run while others keep overwriting what it read; then the attempt has failed. */
  executions: 16,
  /** The shortest and the longest `every` of a `[checkpoint]`: each costs some milliseconds of the run, and a file. */
  leastCheckpointMs: 100,
  checkpointMs: 3_600_000,
  /** The least `fuel` of a `[checkpoint]`: some ten milliseconds of hot code. */
  leastCheckpointFuel: 10_000_000,
  /** Checkpoints of runs that stand still, in memory; those beyond are on disk only. The last one may go beyond. */
  parkedBytes: 64 * MiB,
  /** How often it is looked at who has the threads, while runs are under way: some microseconds. */
  threadLookMs: 10,
  /** A run that has its thread for so long holds it: others come and go in less. */
  heldMs: 20,
  /** A run that holds a thread for so long, and is not parked for those that wait, gets one of its own. */
  ownThreadMs: 1_000,
  /** How long it is waited for a run that is parked by hand. */
  parkMs: 10_000,
  /** A run that was to stand still and has not for so long, as it comes to no point, counts as one that cannot. */
  leaveMs: 500,
  /** The `attempts` of a manifest. */
  maxAttempts: 100,
  /**
   * Runs that wait to be tried again, over all tasks: a quarter of what the hub may hold, so that tasks that fail cannot
   * keep the others out. A run that fails beyond that is not tried again.
   */
  retryingRuns: 5_000,
  /** Their payloads. */
  retryingBytes: 16 * MiB,
  /** The `failures` of a manifest. */
  maxFailures: 1_000,
  /** Log lines that are kept with a dead letter: its last ones. */
  letterLogLines: 50,
  /** Characters of each of those lines, and of what the outcome says. */
  letterTextLength: 1_024,
  /** Letters that one transaction sends back: their payloads are in memory together. */
  redriveAtOnce: 32,
  /** A value in a bucket. */
  valueBytes: 1 * MiB,
  /** Keys in a bucket. */
  bucketKeys: 100_000,
  /** Keys and values of a bucket together. */
  bucketBytes: 64 * MiB,
  /** How long a deploy waits for the broker to grant its topics. With a broker that is away, they are asked for later. */
  subscribeMs: 5_000,
  /** How long the removal of a task's state waits for its last runs: a little more than most deadlines. */
  lastRunsMs: 10_000,
  /** Keys that one transaction removes when a bucket is emptied: some milliseconds of the main thread. */
  purgedKeys: 500,
  /** Topics in the bucket `devices`: a large building's. One beyond makes the one seen longest ago go. */
  deviceTopics: 10_000,
  /** Those topics and their payloads together. */
  deviceBytes: 16 * MiB,
  /** A payload in it: more than any sensor sends. A larger one is not kept, nor what came before it. */
  devicePayloadBytes: 64 * KiB,
  /** How long a payload waits for a transaction that it can go along with. */
  deviceDelayMs: 100,
  /** How long a hub that was told to stop goes on with what it holds. Below the 90 s after which systemd kills. */
  drainMs: 10_000,
  /** How long it then waits for the threads, which may hold runs that are far from their deadline. */
  closeMs: 3_000,
  /** How long the end of an invocation is waited for; the run goes on. */
  invokeMs: 60_000,
} as const;

/** Every bound of the store. */
export const STORE_BOUNDS = {
  /** Messages that wait for the broker, on disk: an outage of some hours at the rate of a busy house. */
  outboxMessages: 500_000,
  /** Their bytes. */
  outboxBytes: 256 * MiB,
  /** Messages that the broker would not take, which are kept to be looked at; the oldest goes. */
  deadMessages: 1_000,
  /** Their bytes: what a broker will not take is mostly too large for it. */
  deadMessageBytes: 32 * MiB,
  /**
   * Runs that were given up, which are kept to be looked at or sent back; the oldest goes. More than the hub may hold
   * (`HUB_BOUNDS.queuedRuns`): a start without a task, as when its folder is not there, makes letters of all that waited for
   * it.
   */
  deadLetters: 25_000,
  /** Their bytes: a task that fails on large payloads cannot fill the disk. More than `HUB_BOUNDS.queuedBytes`. */
  deadLetterBytes: 96 * MiB,
  /**
   * Deliveries that are recognised when the broker repeats them: more than it may have unacknowledged
   * (`HUB_BOUNDS.heldEvents`). Packet ids beyond that may mean another message.
   */
  deliveries: 8_192,
  /** The write-ahead log is copied into the database when it has this size: some thousand commits. */
  logBytes: 8 * MiB,
  /** How long an event waits for its runs, to be written together with their end: longer than most take. */
  receivedMs: 1,
  /** How long it may take until it is written that the broker has a message. After a kill, as much is published again. */
  sentMs: 50,
  /** How long after a transaction that failed, for instance as the disk is full, the next attempt is made. */
  retryMs: 1_000,
  /** What is kept of runs that are over: a week of a busy house is some 100 MB. */
  records: { bytes: 256 * MiB, ageMs: 7 * 24 * 3_600_000 },
  /**
   * A record of more, with the event, effects, values and log that are in it, is kept without those: a run may put out
   * 64 MiB, and a few of them would push all others out.
   */
  recordBytes: 4 * MiB,
  /** How long records of runs that nobody was promised anything for wait for a transaction of others. */
  recordsMs: 1_000,
  /** Those that wait. Beyond, such runs leave no record: a flood of events at QoS 0 is not to be a flood on the disk. */
  waitingRecordBytes: 1 * MiB,
  /** Oldest records are removed whenever so much was added: half a millisecond of work. */
  prunedBytes: 256 * KiB,
  /** Versions of tasks that records may name: some 1 KiB each. */
  taskVersions: 4_096,
  /** Components of versions that are no longer deployed, which a replay needs. */
  keptComponentBytes: 256 * MiB,
  /** A checkpoint of a run, packed. A run whose is larger goes on, and begins anew after a restart. */
  checkpointBytes: 128 * MiB,
  /** All of them: of some long runs with much memory. Beyond, points are left out until there is room. */
  checkpointsBytes: 512 * MiB,
  /**
   * How much of a whole checkpoint a difference to an earlier one may have. Beyond, the whole one is written, and the
   * differences to that are small again.
   */
  differenceShare: 0.5,
  /** Messages that are with the broker link at once: those beyond wait on disk. */
  publishing: 4_096,
  /** Payloads of those messages together, looked at before another group is handed over. */
  publishingBytes: 16 * MiB,
} as const;

/** What a manifest gets when it does not say. */
export const MANIFEST_DEFAULTS = {
  /** Events waiting for one task: enough for a minute at the rate of a busy house. */
  queue: 1_000,
  priority: 5,
  mode: 'queued',
  overflow: 'drop-newest',
  catchUp: 'none',
  /** A task that is meant to wake itself does so a few times; a loop reaches it in milliseconds. */
  hops: 8,
  qos: 1,
  /** A fault that passes by itself has mostly passed after some seconds; one that does not is not worth more fuel. */
  attempts: 3,
  backoff: 1_000,
  maxBackoff: 5 * 60_000,
  /** What a device said an hour ago is rarely worth acting on. */
  maxAge: 3_600_000,
  /** Runs given up one after the other before a task is quarantined. */
  failures: 5,
  coolDown: 30_000,
  maxCoolDown: 3_600_000,
  /** What a power cut costs a long run; taking a checkpoint takes less than a hundredth of that. */
  checkpoint: 5_000,
  onNewVersion: 'finish-on-old',
} as const;

/**
 * Fuel added to what a run used when shares are compared: an event's way
 * through the hub takes some 20 us, as much as this fuel, so that a task of
 * many tiny runs pays for them.
 */
export const RUN_OVERHEAD_FUEL = 250_000;
