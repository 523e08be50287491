/** The bounds of building. */

/** What a task takes at most; small ones take a second or two here, and ten times that on the smallest hubs. */
export const BUILD_TIMEOUT_MS = 120_000;

/** Memory that one compiler at work needs, for there not to be more of them than the machine can hold. */
export const BYTES_PER_COMPILER = 512 * 1024 * 1024;
