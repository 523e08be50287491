/** The door of the broker room. The link's types are in `../broker-link.ts`, where the hub declares what it needs. */
export { withoutSecrets } from './broker-address.js';
export { startEmbeddedBroker, type EmbeddedBroker } from './embedded-broker.js';
export { EMBEDDED_LIMITS } from './limits.js';
export { connectBroker, type LinkState } from './link.js';
export { LateLink } from './late-link.js';
export { BrokerError } from './errors.js';
export { SessionFilters } from './session-filters.js';
