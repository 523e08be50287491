/** What went wrong between the hub and its broker. */
export type BrokerErrorCode =
  /** No connection could be made in the time allowed; the cause says why the last attempt failed. */
  | 'unreachable'
  /** The broker turned the hub away: credentials, client id, protocol. */
  | 'connection-refused'
  /** The broker will not let the hub subscribe to a filter; the message names it. */
  | 'subscribe-refused'
  /** The broker will not let go of a subscription; the message names its filter. */
  | 'unsubscribe-refused'
  /** The message cannot be published, now or later; the message says why. */
  | 'publish-refused'
  /** More is waiting to be published than the link holds. */
  | 'overloaded'
  /** The link was closed before the broker had answered. */
  | 'closed'
  /** The embedded broker cannot listen at that address. */
  | 'listen';

/** The one error class of the broker room. */
export class BrokerError extends Error {
  override readonly name = 'BrokerError';

  constructor(
    readonly code: BrokerErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
