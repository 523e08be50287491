const KiB = 1024;
const MiB = 1024 * KiB;

/** Bounds of the connection to a broker, each with the accident or attack it stops. */
export const LINK_LIMITS = {
  /**
   * QoS 1 messages sent and not yet acknowledged. A broker that names a
   * receive maximum (MQTT 5, section 3.2.2.3.3; Mosquitto: 20) lowers it;
   * beyond a few hundred, a loopback round trip is no longer what limits.
   */
  inFlight: 512,
  /**
   * Messages waiting for room in flight, for the socket or for a connection, beyond which one at QoS 0 is not taken: what
   * a hub publishes in a second at full rate. Of those above QoS 0, `EXECUTION_BOUNDS.publishing` bounds the number.
   */
  waiting: 65_536,
  /** Their payload bytes: a quarter of the memory of a small hub. */
  waitingBytes: 64 * MiB,
  /** Bytes the socket has not taken yet before publishing pauses; many packets to a write, little memory if the broker stalls. */
  socketBytes: 256 * KiB,
  /** A payload of 1 MiB passes with room for its topic; larger ones would sit in memory whole, once per copy on the way. */
  packetBytes: 2 * MiB,
  /**
   * Events taken and not yet acknowledged that a broker may have
   * outstanding (MQTT 5, section 3.1.2.11.3). Keeps a burst in the broker
   * while the hub is busy; several group commits deep.
   */
  receiveMaximum: 2_048,
  /** Levels of a published topic. Beyond 100, aedes cuts the connection; beyond 200, Mosquitto does. */
  topicLevels: 100,
  /** How often one message may end the connection, sent alone, before it is given up instead of sent again. */
  deadlyAttempts: 2,
  /** Filters in one SUBSCRIBE packet: 100 of the longest a manifest may hold stay within any broker's packet size. */
  filtersPerSubscribe: 100,
  /** Finds a dead link within 45 s; costs a two-byte packet. */
  keepaliveSeconds: 30,
  reconnectMs: 1_000,
  connackMs: 10_000,
  /** How long the first connection is tried for: a broker that starts together with the hub is up by then. */
  firstConnectMs: 30_000,
  /** How long a broker keeps the session of an absent hub: a power cut over a long weekend. */
  sessionExpirySeconds: 4 * 24 * 60 * 60,
  /** How long closing waits for outstanding acknowledgements. */
  closeMs: 2_000,
} as const;

/** Bounds of the embedded broker. It is the default, for one house on one machine; a larger site runs its own. */
export const EMBEDDED_LIMITS = {
  packetBytes: LINK_LIMITS.packetBytes,
  connections: 256,
  subscriptionsPerClient: 1_000,
  /** Retained messages, which stay in memory for good. */
  retainedTopics: 10_000,
  retainedBytes: 32 * MiB,
  /** A client that does not read for this long is disconnected; until then it slows down who publishes to it. */
  drainMs: 10_000,
  /** Time to send CONNECT after opening a connection. */
  connectMs: 10_000,
  /** QoS 2 messages of one client that await their second half. */
  inboundQoS2: 256,
} as const;
