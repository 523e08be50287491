/** A run that went to a provider has no outcome from there, and none will be taken: it is to be run elsewhere. */
export class RemoteLost extends Error {
  override readonly name = 'RemoteLost';

  constructor(
    message: string,
    /** Whether the provider had its time, and is heard. */
    readonly isOverdue = false,
  ) {
    super(message);
  }
}
