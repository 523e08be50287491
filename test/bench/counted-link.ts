import { connectLink } from '../../hub/session/provider-link.js';

/** Bytes of messages, before TLS adds its own to each. */
export interface Wire {
  out: number;
  back: number;
}

/** Connects as a hub does, and counts. */
export function countingConnect(wire: Wire): typeof connectLink {
  return async (options, events) => {
    const link = await connectLink(options, {
      closed: (reason) => events.closed(reason),
      message: (bytes) => {
        wire.back += bytes.length;
        events.message(bytes);
      },
    });
    return {
      binding: link.binding,
      get bufferedBytes() {
        return link.bufferedBytes;
      },
      send: (bytes) => {
        wire.out += bytes.length;
        link.send(bytes);
      },
      close: () => link.close(),
      cut: () => link.cut(),
    };
  };
}
