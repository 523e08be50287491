import type { DeadLetterParts } from '../../../hub/api/dead-letters.js';

/** Dead letters of a hub that has none. */
export const NO_LETTERS: DeadLetterParts['letters'] = {
  list: () => [],
  get: () => undefined,
  redrive: () => Promise.resolve(undefined),
  redriveAll: () => Promise.resolve({ redriven: 0, left: 0 }),
  purge: () => Promise.resolve(false),
  purgeAll: () => Promise.resolve(0),
};
