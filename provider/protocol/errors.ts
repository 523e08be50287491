/** Why a side ends a session, or refuses a part of it. */
export type ProtocolErrorCode =
  /** The bytes are not a message: a wrong length, no JSON, a field of the wrong type or out of its bound. */
  | 'malformed'
  /** A message or a part of it is larger than allowed. */
  | 'too-large'
  /** There is no such message in this version. */
  | 'unknown-message'
  /** The message is not allowed now: see the session's states. */
  | 'out-of-turn'
  /** No common version. */
  | 'version'
  /** The other side is not who it should be: an unknown key, a wrong token, a signature that does not fit. */
  | 'identity'
  /** The provider has as many sessions as it may. */
  | 'busy'
  /** It would need more than the session's quota. */
  | 'quota'
  /** A component's bytes do not have the digest that was named. */
  | 'digest'
  /** More runs are unanswered than the window allows. */
  | 'window'
  /** Nothing was heard for the time of the lease. */
  | 'lease'
  /** The provider gave an answer that cannot be right: two for one run, or other fuel than the hub's own. */
  | 'fault'
  /** A fault of the side that says so. */
  | 'internal';

/** The one error class of the protocol: it ends the session. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';

  constructor(
    readonly code: ProtocolErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
