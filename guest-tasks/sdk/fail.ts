/**
 * Ending a run as `failed`: the task could not do its work, in a way that it
 * understood. No effect of the run happens and the hub may try again.
 */
let reason: string | null = null;

/**
 * Makes the run's outcome `failed` with this message. It does not return from
 * the caller: write `return fail("...");`. The first message counts.
 */
export function fail(message: string): void {
  if (reason === null) reason = message;
}

/** For the SDK: why the run failed, or null. */
export function failure(): string | null {
  return reason;
}
