import type { Host } from './host.js';
import { err, refusal, type HostResult } from './result.js';

interface BrokerMessage {
  readonly subject: string;
  readonly body: Uint8Array;
  readonly replyTo: string | undefined;
}

/** `wasmcloud:messaging/consumer`: publishing at least once, not retained. */
export function messaging(host: Host) {
  return {
    'wasmcloud:messaging/consumer': {
      publish({ subject, body }: BrokerMessage): HostResult<undefined, string> {
        host.run.charge(subject.length + body.length);
        return refusal(host.run.publish({ topic: topicOf(host, subject), payload: body, qos: 1, retain: false }));
      },
      request(subject: string): HostResult<BrokerMessage, string> {
        host.run.charge(subject.length);
        return err('a run cannot wait for an answer: what it publishes leaves when it has completed');
      },
    },
  };
}

function topicOf(host: Host, subject: string): string {
  return host.run.request.subjects === 'dotted' ? subject.replaceAll('.', '/') : subject;
}
