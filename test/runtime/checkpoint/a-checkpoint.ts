/** A checkpoint with something in every place. */
import type { Checkpoint } from '../../../runtime/index.js';

const PAGE_BYTES = 4096;

export const page = (index: number, fill: number): { index: number; bytes: Uint8Array } => {
  return { index, bytes: new Uint8Array(PAGE_BYTES).fill(fill) };
};

export function aCheckpoint(changes: Partial<Checkpoint> = {}): Checkpoint {
  return {
    component: 'c'.repeat(64),
    instrumentation: 'suspend-1/all/x',
    base: undefined,
    progress: 0.25,
    used: { fuel: 123_456_789_012, wallMs: 12.5, hostMs: 0.5, peakMemoryBytes: 131_072 },
    request: {
      runId: 'run',
      event: {
        id: 'event',
        topic: 'a/b',
        payload: Uint8Array.of(1, 2, 3),
        qos: 1,
        retain: true,
        arrivedAtMs: 1_790_000_000_000,
        captures: { room: 'bath', ['__proto__']: 'own' },
      },
      attempt: 2,
      limits: { fuel: 1e15, memoryBytes: 131_072, deadlineMs: 1000, outputBytes: 20, logBytes: 10 },
      grants: { publish: ['a/+'], buckets: { default: { id: 'task/default', access: 'read-write' } } },
      config: { warm: '21' },
      clockMs: 1_790_000_000_001,
      seed: 2 ** 53 - 1,
      isolationKey: 'key',
      subjects: 'dotted',
      recordReads: true,
    },
    collected: {
      effects: [
        { kind: 'publish', topic: 'a/c', payload: Uint8Array.of(4), qos: 2, retain: false },
        { kind: 'set', bucket: 'task/default', key: 'k', value: Uint8Array.of(5) },
        { kind: 'delete', bucket: 'task/default', key: 'grüße' },
      ],
      reads: [
        { bucket: 'task/default', key: 'k', version: 7, value: Uint8Array.of(6), isRecorded: true },
        { bucket: 'task/default', key: 'l', version: 0, value: undefined, isRecorded: false },
      ],
      log: [{ level: 'warn', context: 'x', message: 'y 🐦' }],
      droppedLogLines: 1,
      outputBytes: 13,
      logBytes: 7,
      verdict: { kind: 'denied', message: 'not granted' },
      memoryRefused: true,
      cursors: [['task/default', ['k', 'l']]],
      listed: [{ bucket: 'task/default', version: 9 }],
      pages: [
        { bucket: 'task/default', after: undefined, limit: 2, keys: ['k', 'l'] },
        { bucket: 'task/default', after: 'l', limit: 2, keys: [] },
      ],
      unrecorded: 'it read more than it may',
      unfinished: [{ stream: 'stderr', bytes: Uint8Array.of(65), isCut: true }],
      random: [1, 2, 3, 0xffff_ffff],
    },
    guest: {
      args: [1024, 3, -8, 2],
      handles: { size: 4, free: [2, 3] },
      memories: [{ length: 131_072, pages: [page(0, 1), page(31, 2)] }],
      globals: [[0n, 2n ** 64n - 1n], []],
      shared: [-1, 1],
      frames: Uint8Array.of(9, 8, 7, 6),
    },
    ...changes,
  };
}
