/** The door of the dead letters: what was given up, kept until somebody looks at it. */
export { DeadLetters } from './dead-letters.js';
export { letterIdOf, letterName } from './letter-id.js';
export { crowdedOutLetter, heldLetter, homelessLetter, runLetter } from './run-letter.js';
