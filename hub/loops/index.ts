/** The door of the loop guard: which of the hub's own publishes an event came of. */
export { isLoop, showChain, type Chain } from './chain.js';
export { OwnPublishes } from './own-publishes.js';
export { readChain, writeChain } from './wire-chain.js';
