/** What went wrong, and by whose fault: the component's, the caller's, or ours. */
export type RuntimeErrorCode =
  /** The bytes are not a component that this machine can run; the message says what is missing. */
  | 'component-invalid'
  /** It imports or does something that tasks are not offered; the message names it. */
  | 'component-refused'
  /** It needs more than the limits it was given, before it has handled anything. */
  | 'component-over-limit'
  /** It is to be resumable and cannot be; the message says all that is in the way. */
  | 'not-resumable'
  /** Preparing it took longer or needed more memory than allowed. */
  | 'provision-bound'
  /** It is no checkpoint, or not one of this task as it is prepared here; the message says what does not fit. */
  | 'checkpoint-refused'
  /** A run names a task that is not installed. */
  | 'unknown-task'
  | 'closed'
  /** A fault of Sterna itself. */
  | 'internal';

/** The one error class of the runtime. Outcomes of runs are values, not errors. */
export class RuntimeError extends Error {
  override readonly name = 'RuntimeError';

  constructor(
    readonly code: RuntimeErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
