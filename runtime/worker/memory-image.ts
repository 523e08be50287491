/** What a memory holds when nothing has happened yet, and how it is put back. */
import { CHECKPOINT_PAGE_BYTES, type MemoryPage } from '../checkpoint/checkpoint.js';
import { CLEAR_BLOCK_BYTES } from '../provision/restore-code.js';
import type { Bytes } from '../task.js';

/** A stretch that is not all zero. Begins and ends at a multiple of the block. */
interface Span {
  readonly from: number;
  readonly contents: Uint8Array;
}

interface Gap {
  readonly from: number;
  readonly to: number;
}

/** Zeroes what is not zero between two multiples of the block. */
export type Clear = (from: number, to: number) => void;

/** Looked at as a whole first: most of a large memory is zero. */
const CHUNK_BYTES = 64 * 1024;
/** Spans that are nearer than this are one: a call for the gap between them costs as much as the copy. */
const PAGE_BYTES = 4 * 1024;

const ZEROS = Buffer.alloc(CHUNK_BYTES);

/** Immutable: instances of one task share it where their memories begin the same. */
export class MemoryImage {
  readonly #length: Bytes;
  readonly #spans: readonly Span[];
  readonly #gaps: readonly Gap[];

  private constructor(length: Bytes, spans: readonly Span[]) {
    this.#length = length;
    this.#spans = spans;
    this.#gaps = gapsBetween(spans, length);
  }

  /** @param known an image that may well be the same; it is the answer if it is. */
  static of(memory: WebAssembly.Memory, known: MemoryImage | undefined): MemoryImage {
    const bytes = Buffer.from(memory.buffer);
    const found = spansOf(bytes);
    if (known !== undefined && known.#isOf(bytes, found)) return known;
    return new MemoryImage(
      bytes.length,
      found.map(({ from, to }) => ({ from, contents: new Uint8Array(bytes.subarray(from, to)) })),
    );
  }

  /** What it copies at each reset. */
  get contentBytes(): Bytes {
    return this.#spans.reduce((sum, { contents }) => sum + contents.length, 0);
  }

  /** @param view all of a memory that is as long as this was. */
  putBack(view: Uint8Array, clear: Clear): void {
    for (const { from, contents } of this.#spans) view.set(contents, from);
    for (const { from, to } of this.#gaps) clear(from, to);
  }

  /**
   * The pages of a memory that differ from this, as copies; it may have grown.
   * @param before what this gave earlier: then those that differ from what they were at that time, without contents
   * where they are as this again.
   */
  differences(memory: WebAssembly.Memory, before: readonly MemoryPage[] = []): MemoryPage[] {
    const bytes = Buffer.from(memory.buffer);
    const pages: MemoryPage[] = [];
    let span = 0;
    let old = 0;
    for (let from = 0, to = 0; from < bytes.length; from = to) {
      while ((this.#spans[span]?.from ?? Infinity) + (this.#spans[span]?.contents.length ?? 0) <= from) span++;
      const index = from / CHECKPOINT_PAGE_BYTES;
      const known = before[old];
      const next = Math.min(this.#spans[span]?.from ?? Infinity, (known?.index ?? Infinity) * CHECKPOINT_PAGE_BYTES);
      to = from + CHUNK_BYTES;
      if (from % CHUNK_BYTES === 0 && next >= to && isZero(bytes, from, to)) continue;
      to = from + CHECKPOINT_PAGE_BYTES;
      const was = known?.index === index ? known.bytes : undefined;
      if (known?.index === index) old++;
      if (was !== undefined && bytes.compare(was, 0, CHECKPOINT_PAGE_BYTES, from, to) === 0) continue;
      if (!this.#matches(bytes, from, to, span)) {
        pages.push({ index, bytes: new Uint8Array(bytes.subarray(from, to)) });
      } else if (was !== undefined) pages.push({ index, bytes: undefined });
    }
    return pages;
  }

  /** Whether a page is as it was. @param first the first span that ends behind its beginning. */
  #matches(bytes: Buffer, from: number, to: number, first: number): boolean {
    let at = from;
    for (let i = first; at < to; i++) {
      const span = this.#spans[i];
      const begin = Math.min(to, span?.from ?? to);
      if (begin > at && !isZero(bytes, at, begin)) return false;
      if (span === undefined || begin === to) return true;
      const end = Math.min(to, span.from + span.contents.length);
      at = Math.max(at, begin);
      if (bytes.compare(span.contents, at - span.from, end - span.from, at, end) !== 0) return false;
      at = end;
    }
    return true;
  }

  #isOf(bytes: Buffer, found: readonly Gap[]): boolean {
    return (
      bytes.length === this.#length &&
      found.length === this.#spans.length &&
      this.#spans.every(({ from, contents }, i) => {
        const to = from + contents.length;
        return found[i]?.from === from && found[i].to === to && bytes.compare(contents, 0, to - from, from, to) === 0;
      })
    );
  }
}

/** Where the memory is not zero: pages first, then their ends to the block. */
function spansOf(bytes: Buffer): Gap[] {
  const spans: { from: number; to: number }[] = [];
  for (let chunk = 0; chunk < bytes.length; chunk += CHUNK_BYTES) {
    if (isZero(bytes, chunk, chunk + CHUNK_BYTES)) continue;
    for (let page = chunk; page < chunk + CHUNK_BYTES; page += PAGE_BYTES) {
      if (isZero(bytes, page, page + PAGE_BYTES)) continue;
      const last = spans.at(-1);
      if (last?.to === page) last.to += PAGE_BYTES;
      else spans.push({ from: page, to: page + PAGE_BYTES });
    }
  }
  for (const span of spans) {
    while (isZero(bytes, span.from, span.from + CLEAR_BLOCK_BYTES)) span.from += CLEAR_BLOCK_BYTES;
    while (isZero(bytes, span.to - CLEAR_BLOCK_BYTES, span.to)) span.to -= CLEAR_BLOCK_BYTES;
  }
  return spans;
}

function isZero(bytes: Buffer, from: number, to: number): boolean {
  return bytes.compare(ZEROS, 0, to - from, from, to) === 0;
}

function gapsBetween(spans: readonly Span[], length: Bytes): Gap[] {
  const gaps: Gap[] = [];
  let end = 0;
  for (const { from, contents } of spans) {
    if (from > end) gaps.push({ from: end, to: from });
    end = from + contents.length;
  }
  if (length > end) gaps.push({ from: end, to: length });
  return gaps;
}
