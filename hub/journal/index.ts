/** The door of journal: what is written, in few transactions, and what goes along with them. */
export { Devices } from './devices.js';
export { Journal } from './journal.js';
export { keepChange, type ChangeKeeper } from './keep-change.js';
