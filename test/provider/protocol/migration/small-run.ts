/**
 * A run that is small enough to be executed a million times: a chain of hashes over a few cells of memory, with fuel and
 * effects, that can be suspended after each step. Its checkpoints are text, and differences have the cells that changed.
 *
 * What an execution reads of the world is another thing each time, and goes into its path. So two executions of the same
 * step are told apart, although they come to the same result.
 */
import type { Checkpoints } from '../../../../provider/protocol/migration/index.js';
import type { RunResult } from '../../../../runtime/index.js';

const CELLS = 8;

export interface Memory {
  readonly step: number;
  readonly fuel: number;
  readonly cells: readonly number[];
  readonly effects: readonly string[];
  /** What was read: a word and a space for each step. */
  readonly path: string;
}

interface Written extends Omit<Memory, 'cells'> {
  readonly base?: string | undefined;
  readonly cells: readonly (readonly [number, number])[];
}

export const BEGINNING: Memory = {
  step: 0,
  fuel: 0,
  cells: Array.from({ length: CELLS }, () => 0),
  effects: [],
  path: '',
};

/** One step further. */
export function stepped({ step, fuel, cells, effects, path }: Memory, read: string): Memory {
  const cell = step % CELLS;
  const hash =
    (Math.imul((cells[cell] ?? 0) ^ (cells[(cell + CELLS - 1) % CELLS] ?? 0), 0x01_00_01_93) + step + 1) >>> 0;
  return {
    step: step + 1,
    fuel: fuel + 1 + (hash % 7),
    cells: cells.map((value, index) => (index === cell ? hash : value)),
    effects: hash % 3 === 0 ? [...effects, `${step}:${hash}`] : effects,
    path: `${path}${read} `,
  };
}

export function resultOf({ fuel, effects, path }: Memory): RunResult {
  return {
    runId: 'run',
    outcome: { kind: 'completed' },
    effects: effects.map((text) => {
      return { kind: 'publish', topic: 'chain', payload: Buffer.from(text), qos: 1, retain: false };
    }),
    reads: [],
    log: [{ level: 'info', context: '', message: path }],
    droppedLogLines: 0,
    usage: { fuel, peakMemoryBytes: 0, wallMs: 0, hostMs: 0, outputBytes: 0, logBytes: 0 },
  };
}

/** What must be the same however often the run has moved: its outcome, effects and fuel, byte by byte. */
export function essenceOf({ outcome, effects, usage }: RunResult): string {
  return JSON.stringify([outcome, effects, usage.fuel]);
}

/** What was read on the way to a point. */
export function pathOf(checkpoint: Uint8Array): string {
  return read(checkpoint).path;
}

export function wholeOf(memory: Memory): Uint8Array {
  return written({ ...memory, cells: memory.cells.map((value, index) => [index, value]) });
}

/** @param anchor One that stands alone. */
export function differenceOf(memory: Memory, anchor: Uint8Array): Uint8Array {
  const before = memoryOf(anchor).cells;
  const cells = memory.cells.flatMap((value, index) => (value === before[index] ? [] : [[index, value] as const]));
  return written({ ...memory, cells, base: SMALL_CHECKPOINTS.digest(anchor) });
}

/** @throws Error when it does not stand alone. */
export function memoryOf(checkpoint: Uint8Array): Memory {
  const { base, cells, ...rest } = read(checkpoint);
  if (base !== undefined || cells.length !== CELLS)
    throw new Error(`${Buffer.from(checkpoint).toString()} is a difference`);
  return { ...rest, cells: cells.map(([, value]) => value) };
}

export const SMALL_CHECKPOINTS: Checkpoints = {
  glance: (checkpoint) => {
    const { base, fuel } = read(checkpoint);
    return { base, fuel };
  },
  digest: (checkpoint) => {
    let hash = 0x81_1c_9d_c5;
    for (const byte of checkpoint) hash = Math.imul(hash ^ byte, 0x01_00_01_93);
    return `${hash >>> 0}`;
  },
  whole: (difference, anchor) => {
    const { base, cells: changed, ...rest } = read(difference);
    const anchored = SMALL_CHECKPOINTS.digest(anchor);
    if (base !== anchored) throw new Error(`a difference to ${base} was applied to ${anchored}`);
    const cells = [...memoryOf(anchor).cells];
    for (const [index, value] of changed) cells[index] = value;
    return wholeOf({ ...rest, cells });
  },
};

/** Bytes that were written or read here are not read again. */
const known = new WeakMap<Uint8Array, Written>();

function written(checkpoint: Written): Uint8Array {
  const bytes = Buffer.from(JSON.stringify(checkpoint));
  known.set(bytes, checkpoint);
  return bytes;
}

function read(bytes: Uint8Array): Written {
  const before = known.get(bytes);
  if (before !== undefined) return before;
  // Our own text.
  const checkpoint = JSON.parse(Buffer.from(bytes).toString()) as Written;
  known.set(bytes, checkpoint);
  return checkpoint;
}
