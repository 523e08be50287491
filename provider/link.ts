/** A connection to a hub, as far as a session needs one. */
export interface Link {
  /** Where the hub is, for the log. */
  readonly remote: string;
  /** See `Transcript.binding`. */
  readonly binding: Uint8Array;
  /** What has been sent and not yet taken by the network. */
  readonly bufferedBytes: number;
  send(bytes: Uint8Array): void;
  /** The hub is known: from now on it may send as much as the protocol allows. */
  known(): void;
  /** Takes no more messages from the network until there was a `resume` for each `pause`. */
  pause(): void;
  resume(): void;
  readonly isPaused: boolean;
  /** Sends what is pending, then closes; one that does not answer is cut. */
  close(): void;
}

/** What a link tells about. */
export interface LinkEvents {
  message(bytes: Uint8Array): void;
  closed(): void;
}
