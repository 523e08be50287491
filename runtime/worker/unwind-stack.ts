/** Where this thread puts the frames of a run that is suspended, and brings them back from: one for all its instances. */
import { UNWIND_FIRST_FRAME } from '../provision/suspend/limits.js';
import { STACK_MEMORY, stackModule } from '../provision/suspend/unwind-stack.js';

/** Asyncify's record of the stack, two i32: where the next frame goes, and where there is no room any more. */
const RECORD = { at: 0, end: 4 } as const;

export class UnwindStack {
  /** What a module imports that is rewritten to be suspended. */
  readonly imports: WebAssembly.Imports[string];
  readonly #memory: WebAssembly.Memory;
  readonly #view: DataView;

  /** @param pages only for tests: how much there is room for. */
  constructor(pages?: number) {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(stackModule(pages)));
    this.imports = exports;
    this.#memory = exports[STACK_MEMORY] as WebAssembly.Memory;
    this.#view = new DataView(this.#memory.buffer);
  }

  /** The address that Asyncify's functions are called with. */
  get record(): number {
    return RECORD.at;
  }

  /** Makes room for frames. */
  clear(): void {
    this.#reach(UNWIND_FIRST_FRAME);
  }

  /** A copy of the frames that are on it, the innermost first. */
  frames(): Uint8Array {
    const end = this.#view.getUint32(RECORD.at, true);
    return new Uint8Array(this.#memory.buffer.slice(UNWIND_FIRST_FRAME, end));
  }

  /** Puts frames on it, to be brought back. @returns whether there is room. */
  put(frames: Uint8Array): boolean {
    if (UNWIND_FIRST_FRAME + frames.length > this.#memory.buffer.byteLength) return false;
    new Uint8Array(this.#memory.buffer).set(frames, UNWIND_FIRST_FRAME);
    this.#reach(UNWIND_FIRST_FRAME + frames.length);
    return true;
  }

  #reach(at: number): void {
    this.#view.setUint32(RECORD.at, at, true);
    this.#view.setUint32(RECORD.end, this.#memory.buffer.byteLength, true);
  }
}

let shared: UnwindStack | undefined;

/** Made when a task is first resumable here. */
export function threadsUnwindStack(): UnwindStack {
  return (shared ??= new UnwindStack());
}
