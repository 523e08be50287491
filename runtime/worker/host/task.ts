import type { QoS } from '../../task.js';
import { enumeration, hostFunction, option, type HostInterface } from '../abi/types.js';
import type { Host } from './host.js';
import { REFUSAL, refusal } from './result.js';

const QOS = enumeration('at-most-once', 'at-least-once', 'exactly-once');
const QOS_NUMBER: Readonly<Record<string, QoS>> = { 'at-most-once': 0, 'at-least-once': 1, 'exactly-once': 2 };

/** `sterna:task`: what no standard interface tells a run about itself. */
export function task(host: Host): Record<string, HostInterface> {
  const text = (value: string): string => {
    host.run.charge(value.length);
    return value;
  };
  /** A value that costs the call and no more. */
  const plain = <Value>(value: () => Value) => {
    return (): Value => {
      host.run.charge(0);
      return value();
    };
  };
  return {
    'sterna:task/context': {
      'event-id': hostFunction([], 'string', () => text(host.run.request.event.id)),
      'run-id': hostFunction([], 'string', () => text(host.run.request.runId)),
      attempt: hostFunction(
        [],
        'u32',
        plain(() => host.run.request.attempt),
      ),
      capture: hostFunction(['string'], option('string'), (name: string) => {
        const { captures } = host.run.request.event;
        host.run.charge(name.length);
        return Object.hasOwn(captures, name) ? captures[name] : undefined;
      }),
      'arrived-at': hostFunction(
        [],
        'u64',
        plain(() => BigInt(host.run.request.event.arrivedAtMs)),
      ),
      /** By the run's own clock, so that a repeated run sees the same. */
      'deadline-left-ms': hostFunction(
        [],
        'u32',
        plain(() => {
          host.run.asked.add('deadlineMs');
          return Math.max(0, Math.floor(host.run.request.limits.deadlineMs - host.run.elapsedNs / 1e6));
        }),
      ),
      'fuel-left': hostFunction(
        [],
        'u64',
        plain(() => {
          host.run.asked.add('fuel');
          return BigInt(Math.max(0, host.run.request.limits.fuel - host.run.gauge.used));
        }),
      ),
    },
    'sterna:task/checkpoint': {
      /** It may be declined: see `suspension.ts`. */
      offer: hostFunction(['f64'], undefined, (progress: number) => {
        host.run.charge(0);
        host.run.progress = Math.min(1, Math.max(0, progress)) || 0;
      }),
    },
    'sterna:task/publisher': {
      publish: hostFunction(
        ['string', 'bytes', QOS, 'bool'],
        REFUSAL,
        (topic: string, payload: Uint8Array, qos: string, retain: boolean) => {
          host.run.charge(topic.length + payload.length);
          return refusal(host.run.publish({ topic, payload, qos: QOS_NUMBER[qos] ?? 1, retain }));
        },
      ),
    },
  };
}
