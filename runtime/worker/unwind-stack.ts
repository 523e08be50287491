/** Where this thread puts the frames of a run that is suspended, and brings them back from: one for all its instances. */
import { STACK_MEMORY, stackModule } from '../provision/suspend/unwind-stack.js';

/** Asyncify's record of the stack, two i32: where the next frame goes, and where there is no room any more. */
const RECORD = { at: 0, end: 4 } as const;
const FIRST_FRAME = 16;

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
    this.#reach(FIRST_FRAME);
  }

  /** A copy of the frames that are on it, the innermost first. */
  frames(): Uint8Array {
    const end = this.#view.getUint32(RECORD.at, true);
    return new Uint8Array(this.#memory.buffer.slice(FIRST_FRAME, end));
  }

  /** Puts frames on it, to be brought back. @returns whether there is room. */
  put(frames: Uint8Array): boolean {
    if (FIRST_FRAME + frames.length > this.#memory.buffer.byteLength) return false;
    new Uint8Array(this.#memory.buffer).set(frames, FIRST_FRAME);
    this.#reach(FIRST_FRAME + frames.length);
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
