/**
 * What became of the last call to the host.
 *
 * AssemblyScript has no exceptions to catch: a refused publish or an unknown
 * bucket must not end the run, so calls answer with false or null and leave
 * the reason here.
 */
let reason: string = "";

/** Why the last call to the host failed, or "" when it succeeded. */
export function lastError(): string {
  return reason;
}

/** For the SDK: the call succeeded. */
export function succeeded(): bool {
  reason = "";
  return true;
}

/** For the SDK: the call failed. */
export function failedWith(message: string): bool {
  reason = message.length ? message : "the host gave no reason";
  return false;
}
