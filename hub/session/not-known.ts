import { ProtocolError } from '../../provider/protocol/index.js';

/** The provider has heard who this hub is, and does not know it. */
export class NotKnown extends ProtocolError {
  constructor(said: string) {
    super('identity', said);
  }
}
