import type { QoS } from '../../task.js';
import type { Host } from './host.js';
import { refusal, type HostResult } from './result.js';

const QOS: Readonly<Record<string, QoS>> = { 'at-most-once': 0, 'at-least-once': 1, 'exactly-once': 2 };

/** `sterna:task`: what no standard interface tells a run about itself. */
export function task(host: Host) {
  const text = (value: string): string => {
    host.run.charge(value.length);
    return value;
  };
  return {
    'sterna:task/context': {
      eventId: (): string => text(host.run.request.event.id),
      runId: (): string => text(host.run.request.runId),
      attempt: (): number => {
        host.run.charge(0);
        return host.run.request.attempt;
      },
      capture: (name: string): string | undefined => {
        const { captures } = host.run.request.event;
        host.run.charge(name.length);
        return Object.hasOwn(captures, name) ? captures[name] : undefined;
      },
      arrivedAt: (): bigint => {
        host.run.charge(0);
        return BigInt(host.run.request.event.arrivedAtMs);
      },
      /** By the run's own clock, so that a repeated run sees the same. */
      deadlineLeftMs: (): number => {
        host.run.charge(0);
        return Math.max(0, Math.floor(host.run.request.limits.deadlineMs - host.run.elapsedNs / 1e6));
      },
      fuelLeft: (): bigint => {
        host.run.charge(0);
        return BigInt(Math.max(0, host.run.request.limits.fuel - host.run.gauge.used));
      },
    },
    'sterna:task/checkpoint': {
      offer: (progress: number): void => {
        host.run.charge(0);
        host.run.progress = Math.min(1, Math.max(0, Number.isNaN(progress) ? 0 : progress));
      },
    },
    'sterna:task/publisher': {
      publish: (topic: string, payload: Uint8Array, qos: string, retain: boolean): HostResult<undefined, string> => {
        host.run.charge(topic.length + payload.length);
        return refusal(host.run.publish({ topic, payload, qos: QOS[qos] ?? 1, retain }));
      },
    },
  };
}
