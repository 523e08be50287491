/** Bounds of a dead letter. How many there may be is in `STORE_BOUNDS`. */
export const LETTER_BOUNDS = {
  /** Log lines that are kept with a dead letter: its last ones. */
  letterLogLines: 50,
  /** Characters of each of those lines, and of what the outcome says. */
  letterTextLength: 1_024,
  /** Letters that one transaction sends back: their payloads are in memory together. */
  redriveAtOnce: 32,
} as const;
