/** What the runtime tells about itself besides outcomes: what an operator would want to know. */

export type RuntimeObservation =
  /** A thread died, or was ended because a run did not; another takes its place. */
  | {
      readonly kind: 'thread-lost';
      /** The task whose run executed, if one did: from now on its runs execute in a process of their own. */
      readonly task: string | undefined;
      readonly cause: string;
    }
  /** A thread could not even be ended. It keeps its memory, and a processor if it computes, until the process ends. */
  | { readonly kind: 'thread-left-behind'; readonly afterMs: number }
  /** The process that runs suspected tasks died, or was killed because a run did not end. */
  | { readonly kind: 'suspect-process-lost'; readonly task: string; readonly cause: string };

export type RuntimeObserver = (observation: RuntimeObservation) => void;
