/** The guest's side of a run, within the body of a checkpoint. */
import { PAGE_BYTES, RUNTIME_BOUNDS } from '../limits.js';
import type { Bytes } from '../task.js';
import type { BodyReader } from './body-reader.js';
import type { BodyWriter } from './body-writer.js';
import { CHECKPOINT_PAGE_BYTES, type GuestState, type MemoryPage, type MemoryState } from './checkpoint.js';
import { CheckpointFault, CHECKPOINT_BOUNDS } from './format.js';

/** Core values that the handler of a task is called with. */
const ARGUMENTS = 4;

export function writeGuest(out: BodyWriter, guest: GuestState): void {
  out.list(guest.args, (value) => out.u32(value >>> 0));
  out.u32(guest.handles.size);
  out.list(guest.handles.free, (handle) => out.u32(handle));
  out.list(guest.globals, (words) => out.list(words, (word) => out.u64(word)));
  out.list(guest.shared, (value) => out.u32(value >>> 0));
  out.bytes(guest.frames);
  out.list(guest.memories, ({ length, pages }) => {
    out.u32(length / PAGE_BYTES);
    out.list(pages, ({ index, bytes }) => {
      out.u32(index);
      out.optional(bytes, (contents) => out.raw(contents));
    });
  });
}

interface Expected {
  /** Pages can be as in the beginning: there is a base that had changed them. */
  readonly mayRevert: boolean;
  /** What its memories may have together. */
  readonly memoryBytes: Bytes;
}

export function readGuest(body: BodyReader, { mayRevert, memoryBytes }: Expected): GuestState {
  const { modules, words } = CHECKPOINT_BOUNDS;
  const args = body.list('the arguments', () => body.u32('an argument') | 0, ARGUMENTS);
  if (args.length !== ARGUMENTS)
    throw new CheckpointFault(`there must be ${ARGUMENTS} arguments: there are ${args.length}`);
  const handles = readHandles(body);
  const globals = body.list(
    'the modules',
    () => body.list('the words of globals', () => body.u64('a word of a global'), words),
    modules,
  );
  const shared = body.list('the shared globals', () => body.u32('a shared global') | 0);
  const frames = body.bytes('the frames');
  let left = memoryBytes;
  const readNext = (): MemoryState => {
    const memory = readMemory(body, { mayRevert, memoryBytes: left });
    left -= memory.length;
    return memory;
  };
  const memories = body.list('the memories', readNext, modules);
  return { args, handles, globals, shared, frames, memories };
}

/** Handle 0 is never one; each of the others is there or free. */
function readHandles(body: BodyReader): GuestState['handles'] {
  const size = body.u32('the size of the table of handles');
  const most = RUNTIME_BOUNDS.handles + 1;
  if (size < 1 || size > most) {
    throw new CheckpointFault(`a table of handles has from 1 to ${most} places: not ${size}`);
  }
  const free = body.list('the free handles', () => body.u32('a free handle'), size - 1);
  if (new Set(free).size < free.length || free.some((handle) => handle === 0 || handle >= size)) {
    throw new CheckpointFault('a handle that is free must be one of the table, and free once');
  }
  return { size, free };
}

function readMemory(body: BodyReader, { mayRevert, memoryBytes }: Expected): MemoryState {
  const length = body.u32('the length of a memory') * PAGE_BYTES;
  if (length > memoryBytes)
    throw new CheckpointFault(`a memory cannot have ${length} bytes: ${memoryBytes} are left of its limit`);
  const count = length / CHECKPOINT_PAGE_BYTES;
  let next = 0;
  const pages = body.list('the pages of a memory', () => readPage(body), count);
  for (const { index, bytes } of pages) {
    if (index < next || index >= count) {
      throw new CheckpointFault(`page ${index} lies beyond the memory's ${count} pages, or is out of order`);
    }
    if (bytes === undefined && !mayRevert) {
      throw new CheckpointFault(`page ${index} is missing: only a checkpoint with a base can leave it out`);
    }
    next = index + 1;
  }
  return { length, pages };
}

function readPage(body: BodyReader): MemoryPage {
  const index = body.u32('the index of a page');
  const bytes = body.optional('a page', () => body.raw(CHECKPOINT_PAGE_BYTES, 'a page'));
  return { index, bytes };
}
