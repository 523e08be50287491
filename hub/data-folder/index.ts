/** The door of data-folder: files that are made once, whole, and stay. */
export { hubIdentity } from './identity.js';
export { madeOnce } from './made-once.js';
export { syncFolder } from './sync-folder.js';
