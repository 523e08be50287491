import { topicFault } from '../../runtime/index.js';
import type { OutgoingMessage } from '../broker-link.js';
import { LINK_LIMITS } from './limits.js';
import type { Accepted } from './wire.js';

/** Fixed header, topic length, message id, and the properties of MQTT 5. */
const PACKET_OVERHEAD_BYTES = 16;

/** Names, time and lengths of the user properties. */
const ORIGIN_OVERHEAD_BYTES = 64;

/**
 * Why a broker would not take a message, or undefined if it would.
 *
 * Brokers answer such messages by closing the connection, which costs every
 * other message a reconnect; so they are stopped here. Pure.
 */
export function publishFault(message: OutgoingMessage, broker: Accepted | undefined): string | undefined {
  const { topic, payload, origin } = message;
  const fault = topicFault(topic);
  if (fault !== undefined) return fault;
  if (topic.startsWith('$')) return "a topic that begins with $ is the broker's own";
  if (levelsExceed(topic, LINK_LIMITS.topicLevels)) {
    return `a topic must have at most ${LINK_LIMITS.topicLevels} levels: it has ${topic.split('/').length}`;
  }
  const originBytes = origin === undefined ? 0 : ORIGIN_OVERHEAD_BYTES + lengthOf(origin);
  const bytes = payload.byteLength + topic.length + PACKET_OVERHEAD_BYTES + originBytes;
  const most = broker?.packetBytes ?? LINK_LIMITS.packetBytes;
  if (bytes > most) return `a packet must have at most ${most} bytes for this broker: it has about ${bytes}`;
  if (message.retain && broker?.retainAvailable === false) return 'this broker keeps no retained messages';
  return undefined;
}

/** Ids and names have one byte for each character. */
function lengthOf({ id, source, chain = '' }: NonNullable<OutgoingMessage['origin']>): number {
  return id.length + source.length + chain.length;
}

function levelsExceed(topic: string, most: number): boolean {
  // Cheap for nearly all: a topic with fewer characters cannot have more levels.
  if (topic.length < most) return false;
  let levels = 1;
  for (let at = topic.indexOf('/'); at >= 0; at = topic.indexOf('/', at + 1)) levels += 1;
  return levels > most;
}
