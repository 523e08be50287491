/** One of each message, with something in each of its fields. */
import { DEFAULT_LIMITS } from '../../../runtime/index.js';
import type { HubMessage, ProviderMessage } from '../../../provider/protocol/index.js';

const bytes = (length: number, fill: number): Uint8Array => Buffer.alloc(length, fill);
const digest = 'ab'.repeat(32);

export const HUB_MESSAGES: readonly HubMessage[] = [
  {
    type: 'hello',
    version: 1,
    key: bytes(32, 1),
    nonce: bytes(32, 2),
    name: 'hub',
    signature: bytes(64, 3),
    join: bytes(32, 4),
    stateEpoch: 'e',
  },
  {
    type: 'configure',
    config: 1,
    tasks: [
      {
        name: 'a',
        digest,
        bytes: 10,
        limits: DEFAULT_LIMITS,
        grants: { publish: ['out/+'], buckets: { default: { id: 'task/a/default', access: 'read-write' } } },
        config: { limit: '3' },
        subjects: 'verbatim',
        resumable: 'loops',
      },
    ],
  },
  { type: 'proofs', config: 1, proofs: [{ digest, proof: bytes(32, 5) }] },
  { type: 'chunk', digest, offset: 7, bytes: bytes(3, 6) },
  {
    type: 'state',
    revision: 4,
    reset: true,
    entries: [
      { bucket: 'b', key: 'k', version: 9, value: bytes(2, 7) },
      { bucket: 'b', key: 'gone', version: 0, value: undefined },
    ],
    sets: [{ bucket: 'b', version: 8 }],
  },
  {
    type: 'runs',
    runs: [
      {
        n: 1,
        task: 'a',
        runId: 'e-1/a',
        attempt: 1,
        epoch: 2,
        event: {
          id: 'e-1',
          topic: 'in/ü',
          payload: bytes(5, 8),
          qos: 1,
          retain: false,
          arrivedAtMs: 5,
          captures: { room: 'bath' },
        },
        clockMs: 5,
        seed: 3,
        revision: 4,
        recordReads: true,
      },
    ],
  },
  { type: 'cancel', n: 1 },
  { type: 'beat', beat: 2 },
  { type: 'drain' },
  { type: 'close', code: 'done', message: 'bye' },
];

const usage = { fuel: 5, peakMemoryBytes: 6, wallMs: 0.5, hostMs: 0.25, outputBytes: 7, logBytes: 8 };

export const PROVIDER_MESSAGES: readonly ProviderMessage[] = [
  { type: 'greeting', versions: [1], nonce: bytes(32, 1), name: 'p' },
  {
    type: 'welcome',
    version: 1,
    signature: bytes(64, 2),
    heartbeatMs: 1_000,
    leaseMs: 5_000,
    window: 16,
    windowBytes: 9,
    capacity: { threads: 2, fuelPerSecond: 1.5, device: 'server' },
    revision: 3,
  },
  { type: 'challenge', config: 1, nonce: bytes(32, 3), digests: [digest] },
  { type: 'wanted', config: 1, components: [{ digest, offset: 4 }] },
  { type: 'stored', digest, bytes: 5 },
  {
    type: 'ready',
    config: 1,
    tasks: [
      { name: 'a', state: 'ready', limits: DEFAULT_LIMITS, startFuel: 1 },
      { name: 'b', state: 'refused', message: 'no' },
    ],
  },
  {
    type: 'outcomes',
    outcomes: [
      {
        n: 1,
        epoch: 2,
        outcome: { kind: 'completed' },
        effects: [
          { kind: 'publish', topic: 'out/a', payload: bytes(3, 4), qos: 1, retain: true },
          { kind: 'set', bucket: 'b', key: 'k', value: bytes(2, 5) },
          { kind: 'delete', bucket: 'b', key: 'l' },
        ],
        reads: [{ bucket: 'b', key: 'k', version: 3, value: bytes(2, 9) }],
        listed: [{ bucket: 'b', version: 8 }],
        pages: [{ bucket: 'b', after: 'a', limit: 5, keys: ['k', 'l'] }],
        unrecorded: 'much',
        log: [{ level: 'info', context: 'c', message: 'm' }],
        droppedLogLines: 0,
        noticed: ['fuel', 'memoryBytes'],
        usage,
        queuedMs: 0.5,
      },
      {
        n: 2,
        epoch: 3,
        outcome: { kind: 'trapped', reason: 'abi', message: 'm' },
        effects: [],
        reads: [],
        listed: undefined,
        pages: undefined,
        unrecorded: undefined,
        log: [],
        droppedLogLines: 1,
        noticed: undefined,
        usage,
        queuedMs: 0,
      },
    ],
  },
  { type: 'window', runs: 8 },
  { type: 'beat', beat: 3, queueMs: 0.5 },
  { type: 'draining', reason: 'stop' },
  { type: 'close', code: 'quota', message: 'too much' },
];
