import { hostFunction, option, record, result, type HostInterface } from '../abi/types.js';
import type { Host } from './host.js';
import { err, REFUSAL, refusal } from './result.js';

const BROKER_MESSAGE = record({ subject: 'string', body: 'bytes', replyTo: option('string') });

interface BrokerMessage {
  readonly subject: string;
  readonly body: Uint8Array;
}

/** `wasmcloud:messaging/consumer`: publishing at least once, not retained. */
export function messaging(host: Host): Record<string, HostInterface> {
  return {
    'wasmcloud:messaging/consumer': {
      publish: hostFunction([BROKER_MESSAGE], REFUSAL, ({ subject, body }: BrokerMessage) => {
        host.run.charge(subject.length + body.length);
        return refusal(host.run.publish({ topic: topicOf(host, subject), payload: body, qos: 1, retain: false }));
      }),
      request: hostFunction(['string', 'bytes', 'u32'], result(BROKER_MESSAGE, 'string'), (subject: string) => {
        host.run.charge(subject.length);
        return err('a run cannot wait for an answer: what it publishes leaves when it has completed');
      }),
    },
  };
}

function topicOf(host: Host, subject: string): string {
  return host.run.request.subjects === 'dotted' ? subject.replaceAll('.', '/') : subject;
}
