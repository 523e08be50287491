import { filterMatches, type TaskEvent } from '../runtime/index.js';
import type { Counts, IncomingMessage, Observer, RefusalReason } from './events.js';
import { HUB_BOUNDS } from './limits.js';
import { capturesOf, keyOf } from './manifest/index.js';
import type { PendingRun } from './pending-run.js';
import { admit, Fifo, hasRoom, type Load } from './queue/index.js';
import type { DeployedTask, Match, Registry } from './registry/index.js';
import type { Lane, Scheduler } from './scheduler/index.js';

export interface IntakeParts {
  readonly registry: Registry;
  readonly scheduler: Scheduler<PendingRun>;
  /** The lane of each deployed task. */
  readonly lanes: ReadonlyMap<DeployedTask, Lane<PendingRun>>;
  readonly counts: Counts;
  readonly observe: Observer;
  /** A new id for each event. */
  readonly newEventId: () => string;
  /** A whole number below 2^53 for each run. */
  readonly newSeed: () => number;
}

interface Held {
  readonly message: IncomingMessage;
  readonly matches: readonly Match[];
}

/**
 * Where events come in: each is queued, held or refused, at once.
 *
 * An event is acknowledged when its runs are queued or when it is refused for
 * good. Held events stay unacknowledged, so that the broker keeps them too.
 */
export class Intake {
  readonly #parts: IntakeParts;
  readonly #held = new Fifo<Held>();
  #heldBytes = 0;
  #queuedBytes = 0;
  #stopped = false;

  constructor(parts: IntakeParts) {
    this.#parts = parts;
  }

  /** Takes a message from the broker. */
  receive(message: IncomingMessage): void {
    const { counts, observe, registry } = this.#parts;
    counts.received++;
    if (this.#stopped) {
      if (message.qos === 0) this.#refuse(message, 'stopping');
      return;
    }
    const bytes = message.payload.length;
    if (bytes > HUB_BOUNDS.payloadBytes) return this.#refuse(message, 'payload-too-large');
    const matches = registry.match(message.topic);
    if (matches.length === 0) return this.#refuse(message, 'no-task');
    const admission = admit(this.#load(), { runs: matches.length, bytes, qos: message.qos });
    if (admission === 'accept') return this.#queue(message, matches);
    if (admission === 'refuse') return this.#refuse(message, 'hub-queue-full');
    counts.held++;
    observe({ kind: 'event-held', topic: message.topic, payloadBytes: bytes });
    this.#held.push({ message, matches });
    this.#heldBytes += bytes;
  }

  /**
   * Queues a run of one task for an event that did not come from the broker.
   * @returns its id, or undefined when there is no room for it.
   */
  invoke(
    task: DeployedTask,
    { topic, payload, receivedAtMs }: Pick<IncomingMessage, 'topic' | 'payload' | 'receivedAtMs'>,
  ): string | undefined {
    const { scheduler, lanes, newEventId, newSeed } = this.#parts;
    const { name, queue, schedule } = task.manifest;
    const lane = lanes.get(task);
    const room = hasRoom(this.#load(), { runs: 1, bytes: payload.length });
    if (this.#stopped || lane === undefined || lane.waiting >= queue || !room) return undefined;
    const id = newEventId();
    const trigger = task.manifest.triggers.find(({ pattern }) => filterMatches(pattern.filter, topic));
    const captures = trigger === undefined ? {} : capturesOf(trigger.pattern, topic);
    const event: TaskEvent = { id, topic, payload, qos: 0, retain: false, arrivedAtMs: receivedAtMs, captures };
    const runId = `${id}/${name}`;
    this.#queuedBytes += payload.length;
    const key = keyOf(schedule.key, topic, captures);
    scheduler.submit(lane, key, { runId, task, event, attempt: 0, clockMs: 0, seed: newSeed() });
    scheduler.pump();
    return runId;
  }

  /** Makes the room of runs that are over available to the events that are held. */
  runsEnded(runs: readonly PendingRun[]): void {
    for (const run of runs) this.#queuedBytes -= run.event.payload.length;
    while (!this.#stopped) {
      const next = this.#held.first();
      if (next === undefined) return;
      const bytes = next.message.payload.length;
      if (!hasRoom(this.#load(), { runs: next.matches.length, bytes })) return;
      this.#held.shift();
      this.#heldBytes -= bytes;
      this.#queue(next.message, next.matches);
    }
  }

  /** Takes nothing from now on. What is held stays the broker's. */
  stop(): void {
    this.#stopped = true;
  }

  #load(): Load {
    return {
      runs: this.#parts.scheduler.runs,
      bytes: this.#queuedBytes,
      heldEvents: this.#held.length,
      heldBytes: this.#heldBytes,
    };
  }

  #queue(message: IncomingMessage, matches: readonly Match[]): void {
    const { scheduler, lanes, observe, newEventId, newSeed } = this.#parts;
    const { topic, payload, qos, retain, receivedAtMs } = message;
    const id = newEventId();
    const tasks: string[] = [];
    for (const { task, captures, key } of matches) {
      const { name, queue } = task.manifest;
      const lane = lanes.get(task);
      if (lane === undefined || lane.waiting >= queue) {
        this.#count(message, 'task-queue-full', name);
        continue;
      }
      tasks.push(name);
      this.#queuedBytes += payload.length;
      const event = { id, topic, payload, qos, retain, arrivedAtMs: receivedAtMs, captures };
      scheduler.submit(lane, key, { runId: `${id}/${name}`, task, event, attempt: 0, clockMs: 0, seed: newSeed() });
    }
    observe({
      kind: 'event-received',
      eventId: id,
      topic,
      payloadBytes: payload.length,
      qos,
      atMs: receivedAtMs,
      tasks,
    });
    message.acknowledge();
    scheduler.pump();
  }

  #refuse(message: IncomingMessage, reason: RefusalReason): void {
    this.#count(message, reason);
    message.acknowledge();
  }

  #count({ topic, payload }: IncomingMessage, reason: RefusalReason, task?: string): void {
    const { counts, observe } = this.#parts;
    counts.refused[reason]++;
    const which = task === undefined ? {} : { task };
    observe({ kind: 'event-refused', topic, payloadBytes: payload.length, reason, ...which });
  }
}
