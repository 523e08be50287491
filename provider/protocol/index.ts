/** The door of the session protocol: messages, their bytes, and the rules both sides keep. No I/O. */
export { decodeHubMessage } from './decode-hub-message.js';
export { decodeProviderMessage } from './decode-provider-message.js';
export { encodeHubMessage, encodeProviderMessage } from './encode.js';
export { ProtocolError, type ProtocolErrorCode } from './errors.js';
export { beginHearing, deadAtMs, hear, type Beats, type Hearing } from './failure-detector.js';
export { decodeFrame, encodeFrame } from './frame.js';
export { readJoinToken, writeJoinToken, type JoinToken } from './join-token.js';
export { PROTOCOL_BOUNDS, PROTOCOL_TIMES } from './limits.js';
export type {
  Capacity,
  HubMessage,
  Move,
  Piece,
  ProviderMessage,
  RemoteOutcome,
  RemoteRun,
  StateEntry,
  TaskSpec,
  TaskState,
} from './messages.js';
export { runBytes } from './run-bytes.js';
export { GREETED, nextState, type SessionInput, type SessionState } from './session-state.js';
export { NONCE_BYTES, SHA256_BYTES } from './sizes.js';
export { isSignedBy, newSigningKey, readSigningKey, signBytes, writeSigningKey, type SigningKey } from './signing.js';
export { BINDING_BYTES, BINDING_LABEL, transcriptBytes, type Transcript } from './transcript.js';
export { commonVersion, VERSIONS } from './versions.js';
