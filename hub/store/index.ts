/** The door of the store: what is kept between runs. `reader.ts` is loaded by the runtime's threads. */
export { openStore } from './sqlite-store.js';
export type { ChangeResult, StateChange, Store, Write } from './store.js';
