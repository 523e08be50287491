/** What a run read of state, kept so that it can be executed again, up to a bound. */
import { RUNTIME_BOUNDS } from '../limits.js';
import type { Collected } from '../checkpoint/checkpoint.js';
import type { Bytes, KeyPage } from '../task.js';

/** What a page takes besides its keys, and a key besides its characters, so that empty ones are bounded as well. */
const ENTRY_BYTES = 16;

export class ReadRecord {
  #pages: Map<string, KeyPage> | undefined;
  #bytes: Bytes = 0;
  /** Why something is missing. */
  fault: string | undefined;

  /** Whether a value of this size is kept. Once one is not, none is: a record with gaps is of no use. */
  takes(bytes: Bytes): boolean {
    if (this.fault !== undefined) return false;
    this.#bytes += bytes;
    if (this.#bytes <= RUNTIME_BOUNDS.recordedReadBytes) return true;
    this.fault = `it read more than ${RUNTIME_BOUNDS.recordedReadBytes} bytes of state`;
    return false;
  }

  /** Gives up: what was kept and what comes do not belong together. The first reason counts. */
  spoil(fault: string): void {
    this.fault ??= fault;
  }

  /** Goes on with what was kept elsewhere. */
  continueFrom({ reads, pages, unrecorded }: Pick<Collected, 'reads' | 'pages' | 'unrecorded'>): void {
    for (const { value, isRecorded } of reads) if (isRecorded) this.takes(value?.length ?? 0);
    for (const page of pages) this.page(page);
    if (unrecorded !== undefined) this.spoil(unrecorded);
  }

  page(page: KeyPage): void {
    // While a bucket has the same keys, the same question has the same answer.
    const question = `${page.limit} ${page.bucket}\0${page.after ?? ''}\0${page.after === undefined}`;
    if (this.#pages?.has(question) === true) return;
    let bytes = ENTRY_BYTES;
    for (const key of page.keys) bytes += ENTRY_BYTES + key.length;
    if (this.takes(bytes)) (this.#pages ??= new Map()).set(question, page);
  }

  /** Each once; undefined when there is none. */
  get pages(): readonly KeyPage[] | undefined {
    return this.#pages === undefined ? undefined : [...this.#pages.values()];
  }
}
