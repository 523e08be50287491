import { filterMatches } from '../../runtime/index.js';
import type { Dispatch } from './dispatch.js';
import type { IncomingMessage } from '../broker-link.js';
import type { Counts } from '../counts.js';
import type { Observer, RefusalReason } from '../observations.js';
import { homelessLetter } from '../dead-letters/index.js';
import type { Deliveries } from './deliveries.js';
import { HeldEvents, type Held } from './held-events.js';
import type { Devices, Journal } from '../journal/index.js';
import { INTAKE_BOUNDS } from './limits.js';
import { capturesOf, keyOf } from '../manifest/index.js';
import { readChain, writeChain, type Chain, type OwnPublishes } from '../loops/index.js';
import type { Migrations } from '../migration/index.js';
import type { Parking } from '../parking/index.js';
import type { PendingRun } from '../pending-run.js';
import type { Quarantine } from '../quarantine/index.js';
import { admit, hasRoom, type Load } from '../queue/index.js';
import { ReadingPause } from './reading-pause.js';
import { matchOf, type DeployedTask, type Match, type Registry } from '../registry/index.js';
import type { Scheduler } from '../scheduler/index.js';
import type { RetryWaits } from '../retries/index.js';
import type {
  Delivery,
  ScheduleChange,
  RunPlace,
  StoredEvent,
  StoredMove,
  StoredPoint,
  StoredRetry,
  UnfinishedGroup,
} from '../store/index.js';
import type { Timer } from '../timer.js';

export interface IntakeParts {
  readonly registry: Registry;
  readonly scheduler: Scheduler<PendingRun>;
  readonly dispatch: Dispatch;
  readonly ownPublishes: Pick<OwnPublishes, 'chainOf'>;
  readonly journal: Pick<Journal, 'advance' | 'receive' | 'write'>;
  readonly deliveries: Deliveries;
  readonly retries: Pick<RetryWaits, 'add'>;
  readonly quarantine: Pick<Quarantine, 'isHeld'>;
  /** Takes up the runs that an earlier hub has left at a point. */
  readonly parking: Pick<Parking, 'adopt'>;
  /** Takes up the runs that moved. */
  readonly migrations: Pick<Migrations, 'adopt'>;
  /** Told of each message that comes. */
  readonly devices?: Pick<Devices, 'note'>;
  readonly counts: Counts;
  /** Milliseconds since 1970 (UTC). */
  readonly clock: () => number;
  readonly observe: Observer;
  readonly timer: Timer;
  /** A new id for each event. */
  readonly newEventId: () => string;
  /** A whole number below 2^53 for each run. */
  readonly newSeed: () => number;
}

/** A task that an event wakes. */
interface Waking {
  readonly match: Match;
  readonly seed: number;
  readonly place: PendingRun['place'];
  /** By the monotonic clock. */
  readonly arrivedMs: number;
  readonly chain: readonly string[];
  /** Set when an earlier hub was to try it again, or had it go again. */
  readonly retry?: StoredRetry | undefined;
  /** Set when it had begun, and come to a point. */
  readonly point?: StoredPoint | undefined;
  /** Set when it moved. */
  readonly move?: StoredMove | undefined;
  /** An earlier hub accepted it: nothing may refuse it for want of room. */
  readonly resumed?: true;
}

/** What an earlier hub knew of the runs that it did not finish, besides their events. */
interface LeftOver {
  readonly retries: readonly StoredRetry[];
  readonly points?: readonly StoredPoint[];
  readonly moves?: readonly StoredMove[];
  /** Versions that are not in force and of which runs go on, by what those were given. */
  readonly earlier?: ReadonlyMap<string, DeployedTask>;
}

/** How an event came, apart from what it is. */
interface Acceptance extends Pick<Waking, 'arrivedMs' | 'chain'> {
  readonly delivery: Delivery | undefined;
  /** To be called when the event is on disk; at QoS 0 at once. */
  readonly durable: () => void;
}

/**
 * Where events come in: each is taken, held or refused, at once.
 *
 * An event above QoS 0 is acknowledged when it is on disk or when it is refused for
 * good; its runs begin before. Held events stay unacknowledged, so that the
 * broker keeps them too, and when they are too many no more are read. An event at QoS 0 is in memory only: nothing was
 * promised for it, and a write would be.
 */
export class Intake {
  readonly #parts: IntakeParts;
  readonly #held = new HeldEvents();
  readonly #pause: ReadingPause;
  #stopped = false;

  constructor(parts: IntakeParts) {
    this.#parts = parts;
    this.#pause = new ReadingPause(parts.counts, parts.observe);
  }

  /** Takes a message from the broker. Answers with a promise when no more are to be read before it resolves. */
  receive(message: IncomingMessage): Promise<void> | undefined {
    this.#receive(message);
    return this.#pause.over;
  }

  #receive(message: IncomingMessage): void {
    const { counts, registry, timer } = this.#parts;
    counts.received++;
    if (this.#parts.deliveries.repeats(message)) {
      counts.repeatedDeliveries++;
      return;
    }
    if (this.#stopped) {
      if (message.qos === 0) this.#refuse(message, 'stopping');
      return;
    }
    this.#parts.devices?.note(message);
    const bytes = message.payload.length;
    if (bytes > INTAKE_BOUNDS.payloadBytes) return this.#refuse(message, 'payload-too-large');
    const matches = registry.match(message.topic);
    if (matches.length === 0) return this.#refuse(message, 'no-task');
    this.#makeRoom(matches.length, bytes);
    const admission = admit(this.#load(), { runs: matches.length, bytes, qos: message.qos });
    if (admission === 'refuse') return this.#refuse(message, 'hub-queue-full');
    const event = { message, matches, arrivedMs: timer.nowMs(), taken: this.#parts.deliveries.take(message) };
    if (message.qos > 0) this.#pause.taken(message);
    if (admission === 'hold') return this.#hold(event, undefined);
    const rejecting = message.qos === 0 ? undefined : rejects(matches);
    if (rejecting === undefined || (this.#haveRoom(matches) && !this.#held.holdsFor(rejecting)))
      return this.#take(event);
    this.#hold(event, rejecting);
  }

  /**
   * Begins anew the runs that an earlier hub did not finish, whatever room there is: they were accepted. A run of a task
   * that is gone, or no longer wakes on the topic, becomes a dead letter: the task may only be missing.
   */
  resume(groups: Iterable<UnfinishedGroup>, { retries, points = [], moves = [], earlier }: LeftOver): void {
    const begun = byPlace(points);
    const again = byPlace(retries);
    const moved = byPlace(moves);
    const { registry, scheduler, journal, timer, clock } = this.#parts;
    for (const group of groups) {
      let run = -1;
      for (const event of group.events) {
        const matches = registry.match(event.topic);
        // Its time goes on while the hub is away.
        const arrivedMs = timer.nowMs() - Math.max(0, clock() - event.arrivedAtMs);
        for (const stored of event.runs) {
          const { task: name, seed } = stored;
          run++;
          if (group.isOver(run)) continue;
          const place = { group: group.id, run };
          const at = nameOf(place);
          const [retry, point, move] = [again.get(at), begun.get(at), moved.get(at)];
          const begunOn = (move ?? point)?.fits;
          const version = begunOn === undefined ? undefined : earlier?.get(begunOn);
          const ofVersion = version && matchOn(version, event.topic);
          const match = ofVersion ?? matches.find(({ task }) => task.manifest.name === name);
          const chain = readChain(event.chain);
          if (match !== undefined) {
            this.#dispatch(event, { match, seed, place, arrivedMs, chain, retry, point, move, resumed: true });
          } else {
            this.#count(event, 'no-task', name);
            const letter = homelessLetter(event, stored, clock());
            journal.write([{ reads: [], writes: [], ends: place, letter }], () => undefined);
          }
        }
      }
    }
    scheduler.pump();
  }

  /**
   * Takes a run of one task for an event that did not come from the broker: no shaping folds it away.
   * @returns its id, or undefined when there is no room for it.
   */
  invoke(
    task: DeployedTask,
    { topic, payload, receivedAtMs }: Pick<IncomingMessage, 'topic' | 'payload' | 'receivedAtMs'>,
  ): string | undefined {
    const { scheduler, dispatch, newEventId, newSeed, clock } = this.#parts;
    const { name, schedule, triggers } = task.manifest;
    const room = hasRoom(this.#load(), { runs: 1, bytes: payload.length });
    if (this.#stopped || dispatch.isFull(task) || !room) return undefined;
    const id = newEventId();
    const matching = triggers.find(({ pattern }) => filterMatches(pattern.filter, topic));
    const trigger = matching ?? triggers[0];
    if (trigger === undefined) return undefined;
    const captures = matching === undefined ? {} : capturesOf(matching.pattern, topic);
    const key = keyOf(schedule.key, topic, captures);
    const runId = `${id}/${name}`;
    const clockMs = clock();
    dispatch.take({
      runId,
      task,
      event: { id, topic, payload, qos: 0, retain: false, arrivedAtMs: receivedAtMs, captures },
      chain: [],
      trigger: { ...trigger, shaping: undefined },
      key,
      shapingKey: '',
      expiresAtMs: Infinity,
      attempt: 1,
      executions: 0,
      takenAtMs: clockMs,
      clockMs,
      seed: newSeed(),
      place: undefined,
    });
    scheduler.pump();
    return runId;
  }

  /**
   * Takes the event of a timer as one at QoS 1, and notes with it, in one transaction, how far the timer has come.
   * @returns whether there was room for it; if not, nothing was done.
   */
  fire({ id, topic, payload }: Pick<StoredEvent, 'id' | 'topic' | 'payload'>, advance: ScheduleChange): boolean {
    const { registry, journal, counts, timer, clock } = this.#parts;
    if (!this.hasRoomFor(topic, payload.length)) return false;
    const matches = registry.match(topic);
    counts.received++;
    journal.advance(advance);
    const atMs = clock();
    const event = { id, topic, payload, qos: 1, retain: false, arrivedAtMs: atMs, clockMs: atMs } as const;
    this.#accept(event, matches, {
      arrivedMs: timer.nowMs(),
      chain: [],
      delivery: undefined,
      durable: () => undefined,
    });
    return true;
  }

  /** Whether `fire` would take an event. */
  hasRoomFor(topic: string, bytes = 0): boolean {
    const matches = this.#parts.registry.match(topic);
    if (this.#stopped || !hasRoom(this.#load(), { runs: matches.length, bytes })) return false;
    // Unlike what the broker holds, this may wait without keeping anything up.
    return matches.every(({ task }) => task.manifest.overflow !== 'reject' || !this.#parts.dispatch.isFull(task));
  }

  /**
   * Takes an event for one task anew, which was given up before: no shaping folds it away, and its attempts start anew.
   * It is in the inbox with the next transaction, whatever its QoS was.
   * @param durable Called when it is on disk.
   * @returns why it was not taken.
   */
  redrive(name: string, letter: StoredEvent, durable: () => void): string | undefined {
    const { registry, scheduler, dispatch, journal, timer, newSeed, clock } = this.#parts;
    if (this.#stopped) return 'the hub is stopping';
    if (!registry.has(name)) return `there is no task "${name}"`;
    const match = registry.match(letter.topic).find(({ task }) => task.manifest.name === name);
    if (match === undefined) return `"${name}" does not wake on "${letter.topic}"`;
    if (dispatch.isFull(match.task)) return `as many runs of "${name}" wait as may`;
    if (!hasRoom(this.#load(), { runs: 1, bytes: letter.payload.length }))
      return 'the hub holds as many runs as it may';
    if (dispatch.isTaken(match.task, match.key))
      return `"${name}" compares events of a key, and holds another of this one`;
    const [seed, dueAtMs] = [newSeed(), clock()];
    const event: StoredEvent = { ...letter, clockMs: dueAtMs, runs: [{ task: name, seed }] };
    const place = journal.receive(event, undefined, durable);
    // That an attempt is due is kept, too: after a restart shaping would be asked otherwise.
    const retry = { place, attempt: 1, dueAtMs, executions: 0 };
    journal.write([{ reads: [], writes: [], retries: retry }], () => undefined);
    this.#dispatch(event, { match, seed, place, arrivedMs: timer.nowMs(), chain: readChain(letter.chain), retry });
    scheduler.pump();
    return undefined;
  }

  /** Takes events that are held, as far as there is room. */
  roomMade(): void {
    if (this.#stopped || this.#held.count === 0) return;
    const hasPlace = ({ message, matches }: Held): boolean =>
      !this.#stopped && this.#makeRoom(matches.length, message.payload.length);
    for (const held of this.#held.forRoom(hasPlace)) {
      const rejecting = rejects(held.matches);
      const taken = rejecting === undefined || (this.#haveRoom(held.matches) && !this.#held.holdsFor(rejecting));
      if (taken) this.#take(held);
      else this.#held.hold(held, rejecting);
    }
    for (const held of this.#held.forTasks((held) => hasPlace(held) && this.#haveRoom(held.matches))) this.#take(held);
  }

  /** Events that a task leaves with the broker. */
  heldFor(task: DeployedTask): number {
    return this.#held.countFor(task);
  }

  /** Events for which the hub has no room. */
  get heldForRoom(): number {
    return this.#held.countForRoom;
  }

  /** Tasks have come, changed or gone: what is held is matched anew. */
  tasksChanged(): void {
    // Of a topic, those that a task had no room for came first.
    const held = [...this.#held.forTasks(() => true), ...this.#held.forRoom(() => true)];
    for (const event of held) {
      const matches = this.#parts.registry.match(event.message.topic);
      if (matches.length > 0) this.#held.hold({ ...event, matches }, undefined);
      else {
        this.#count(event.message, 'no-task');
        this.#acknowledge(event);
      }
    }
    this.roomMade();
  }

  /** Takes nothing from now on. What is held stays the broker's. */
  stop(): void {
    this.#stopped = true;
    this.#pause.stop();
  }

  #load(): Load {
    const { dispatch } = this.#parts;
    return {
      runs: dispatch.runs,
      bytes: dispatch.bytes,
      waitForRoom: this.#held.countForRoom,
    };
  }

  /** Whether there is room in the hub, where need be that of tasks in quarantine. */
  #makeRoom(runs: number, bytes: number): boolean {
    while (!hasRoom(this.#load(), { runs, bytes })) if (!this.#parts.dispatch.yieldOne()) return false;
    return true;
  }

  /**
   * Whether none of the tasks that reject what they have no room for is full. One in quarantine is not asked: acknowledgements
   * are in order, so that one event that waits with the broker keeps up those of all tasks, for as long as the quarantine.
   */
  #haveRoom(matches: readonly Match[]): boolean {
    const { dispatch, quarantine } = this.#parts;
    return matches.every(
      ({ task }) => task.manifest.overflow !== 'reject' || quarantine.isHeld(task) || !dispatch.isFull(task),
    );
  }

  #hold(event: Held, rejecting: DeployedTask | undefined): void {
    const { counts, observe } = this.#parts;
    const { topic, payload } = event.message;
    counts.held++;
    const task = rejecting === undefined ? {} : { task: rejecting.manifest.name };
    observe({ kind: 'event-held', topic, payloadBytes: payload.length, ...task });
    this.#held.hold(event, rejecting);
  }

  #take({ message, matches, arrivedMs, taken }: Held): void {
    const { ownPublishes, newEventId, clock } = this.#parts;
    const { topic, payload, qos, retain, receivedAtMs } = message;
    // Both: a broker may drop what a message says of itself, and what came back late or through others is not known here.
    const chain = longer(readChain(message.chain), ownPublishes.chainOf(message));
    const event = {
      id: newEventId(),
      topic,
      payload,
      qos,
      retain,
      arrivedAtMs: receivedAtMs,
      clockMs: clock(),
      ...(chain.length === 0 ? {} : { chain: writeChain(chain) }),
    };
    const durable = (): void => this.#acknowledge({ message, taken });
    this.#accept(event, matches, { arrivedMs, chain, delivery: taken?.delivery, durable });
  }

  #accept(
    arrived: Omit<StoredEvent, 'runs'>,
    matches: readonly Match[],
    { arrivedMs, chain, delivery, durable }: Acceptance,
  ): void {
    const { scheduler, journal, observe, newSeed } = this.#parts;
    const { topic, payload, qos, arrivedAtMs } = arrived;
    const seeds = matches.map(() => newSeed());
    const runs = matches.map(({ task }, i) => ({ task: task.manifest.name, seed: seeds[i] ?? 0 }));
    const event: StoredEvent = { ...arrived, runs };
    observe({
      kind: 'event-received',
      eventId: event.id,
      topic,
      payloadBytes: payload.length,
      qos,
      atMs: arrivedAtMs,
      tasks: runs.map(({ task }) => task),
    });
    const first = qos > 0 ? journal.receive(event, delivery, durable) : undefined;
    for (const [i, match] of matches.entries()) {
      const place = first === undefined ? undefined : { group: first.group, run: first.run + i };
      this.#dispatch(event, { match, seed: seeds[i] ?? 0, place, arrivedMs, chain });
    }
    if (qos === 0) durable();
    scheduler.pump();
  }

  #dispatch(stored: StoredEvent, { match, seed, place, arrivedMs, chain, retry, point, move, resumed }: Waking): void {
    const { dispatch, retries, parking, migrations } = this.#parts;
    const { id, topic, payload, qos, retain, arrivedAtMs, clockMs } = stored;
    const { task, trigger, captures, key, shapingKey } = match;
    const { name, schedule } = task.manifest;
    const run: PendingRun = {
      runId: `${id}/${name}`,
      task,
      event: { id, topic, payload, qos, retain, arrivedAtMs, captures },
      chain,
      trigger,
      key,
      shapingKey,
      expiresAtMs: schedule.ttlMs === undefined ? Infinity : arrivedMs + schedule.ttlMs,
      attempt: retry?.attempt ?? 1,
      // One that had come to a point goes on with the execution after those.
      executions: (retry?.executions ?? 0) + (point === undefined && move === undefined ? 0 : 1),
      takenAtMs: clockMs,
      clockMs: retry?.dueAtMs ?? clockMs,
      seed,
      place,
      ...(resumed === undefined ? {} : { resumed }),
      ...(point === undefined ? {} : { point }),
    };
    // One that had begun is not asked again whether it is to run.
    if (retry === undefined && point === undefined && move === undefined) return dispatch.take(run);
    const job = dispatch.restore(run);
    if (job === undefined) return;
    if (move !== undefined) migrations.adopt(job, move);
    else if (point !== undefined) parking.adopt(job);
    else if (retry !== undefined) retries.add(job, retry.dueAtMs);
  }

  #acknowledge({ message, taken }: Pick<Held, 'message' | 'taken'>): void {
    if (taken === undefined) message.acknowledge();
    else taken.durable();
    if (message.qos > 0) this.#pause.acknowledged(message);
  }

  #refuse(message: IncomingMessage, reason: RefusalReason): void {
    this.#count(message, reason);
    message.acknowledge();
  }

  #count({ topic, payload }: Pick<IncomingMessage, 'topic' | 'payload'>, reason: RefusalReason, task?: string): void {
    const { counts, observe } = this.#parts;
    counts.refused[reason]++;
    const which = task === undefined ? {} : { task };
    observe({ kind: 'event-refused', topic, payloadBytes: payload.length, reason, ...which });
  }
}

function matchOn(task: DeployedTask, topic: string): Match | undefined {
  const trigger = task.manifest.triggers.find(({ pattern }) => filterMatches(pattern.filter, topic));
  return trigger && matchOf(task, trigger, topic);
}

function longer(one: Chain, other: Chain): Chain {
  return one.length > other.length ? one : other;
}

/** The first task of an event that leaves with the broker what it has no room for. It is the same for all events of a topic. */
function rejects(matches: readonly Match[]): DeployedTask | undefined {
  return matches.find(({ task }) => task.manifest.overflow === 'reject')?.task;
}

function byPlace<Of extends { readonly place: RunPlace }>(all: readonly Of[]): ReadonlyMap<string, Of> {
  return new Map(all.map((one) => [nameOf(one.place), one]));
}

function nameOf({ group, run }: RunPlace): string {
  return `${group}/${run}`;
}
