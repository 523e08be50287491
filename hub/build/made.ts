import type { CoreNames } from './core-names.js';

/** What a language's compiler made of a task's folder. */
export type Made =
  | {
      readonly ok: true;
      readonly component: Uint8Array;
      readonly names: CoreNames;
      readonly warnings: string;
    }
  /** `message` is for people: what the compiler printed, or a sentence. */
  | { readonly ok: false; readonly message: string };
