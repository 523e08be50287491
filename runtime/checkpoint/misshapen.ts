/** Checkpoints that no instance of their component could have made. */
import type { Shape } from '../provision/suspend/shape.js';
import { UNWIND_FRAMES_BYTES } from '../provision/suspend/limits.js';
import { hasBegun } from './beginning.js';
import type { Checkpoint, GuestState } from './checkpoint.js';
import { CheckpointFault } from './format.js';

/** Frames are i32 and what is larger. */
const FRAME_ALIGN = 4;

/** @throws CheckpointFault naming what the component has otherwise. */
export function refuseMisshapen({ guest, request }: Pick<Checkpoint, 'guest' | 'request'>, shape: Shape): void {
  const fault = hasBegun({ guest }) ? stateFault(guest, shape, request.limits.memoryBytes) : beginningFault(guest);
  if (fault !== undefined) throw new CheckpointFault(fault);
}

function stateFault(guest: GuestState, shape: Shape, memoryBytes: number): string | undefined {
  return globalFault(guest, shape) ?? memoryFault(guest, shape, memoryBytes) ?? frameFault(guest.frames.length);
}

function beginningFault({ memories, globals, shared }: GuestState): string | undefined {
  if (memories.length + globals.length + shared.length === 0) return undefined;
  return 'a run without frames has not begun: it can have neither memories nor globals';
}

function globalFault({ globals, shared }: GuestState, shape: Shape): string | undefined {
  if (shared.length !== shape.shared) return counted(shared.length, shape.shared, 'globals that modules share');
  if (globals.length !== shape.words.length) return counted(globals.length, shape.words.length, 'modules');
  for (const [module, words] of globals.entries()) {
    const bits = shape.words[module] ?? [];
    if (words.length !== bits.length) return counted(words.length, bits.length, `words of globals in module ${module}`);
    const tooWide = words.findIndex((word, i) => word >> BigInt(bits[i] ?? 0) !== 0n);
    if (tooWide >= 0) return `word ${tooWide} of the globals of module ${module} has more than ${bits[tooWide]} bits`;
  }
  return undefined;
}

function memoryFault({ memories }: GuestState, shape: Shape, limit: number): string | undefined {
  if (memories.length !== shape.memories.length) return counted(memories.length, shape.memories.length, 'memories');
  let bytes = shape.tableBytes;
  let first = shape.tableBytes;
  for (const [i, { length }] of memories.entries()) {
    const { least = 0, most = 0 } = shape.memories[i] ?? {};
    if (length < least || length > most) return `memory ${i} has from ${least} to ${most} bytes: not ${length}`;
    bytes += length;
    first += least;
  }
  // What an instance begins with, it has whatever its run may have.
  return bytes > Math.max(first, limit) ? `its memory has grown to ${bytes} bytes: it may have ${limit}` : undefined;
}

function frameFault(length: number): string | undefined {
  if (length <= UNWIND_FRAMES_BYTES && length % FRAME_ALIGN === 0) return undefined;
  return `frames have from ${FRAME_ALIGN} to ${UNWIND_FRAMES_BYTES} bytes, a multiple of ${FRAME_ALIGN}: not ${length}`;
}

function counted(there: number, right: number, what: string): string {
  return `the component has ${right} ${what}: the checkpoint has ${there}`;
}
