/** The door of the hub's side of sessions with providers. */
export { cameToCap, loweredFrom } from './capped-limits.js';
export { outcomeFault } from './outcome-fault.js';
export { RemoteLost } from './remote-lost.js';
export { RemoteProvider, type ProviderStatus, type RemoteProviderParts, type TaskThere } from './remote-provider.js';
export { hubKey, savedProviders, saveProvider, type SavedProvider } from './saved-providers.js';
export { StateFeed } from './state-feed.js';
