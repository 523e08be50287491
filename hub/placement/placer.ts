import { filterMatches, type RunRequest } from '../../runtime/index.js';
import type { Timer } from '../timer.js';
import type { App } from './app.js';
import { decide, type Decision } from './decide.js';
import type { Decisions } from './decisions.js';
import type { Expectations } from './expectations.js';
import { PLACEMENT_BOUNDS } from './limits.js';
import type { Placed, PlacedTasks } from './placed-tasks.js';
import { LOCAL_TOPICS, type PlacementPolicy } from './policy.js';
import type { ProviderChoice } from './provider-choice.js';
import { Standings } from './standings.js';
import type { ToldWaits } from './told-waits.js';

export interface PlacerParts {
  readonly app: Pick<App, 'privateTopics'>;
  readonly tasks: Pick<PlacedTasks, 'of' | 'weight'>;
  /** Of this machine. */
  readonly threads: () => number;
  readonly idleSlots: () => number;
  readonly choice: Pick<ProviderChoice, 'bestFor'>;
  /** Why providers do not execute a task, those that do not. */
  readonly refusals: (task: string) => readonly string[];
  readonly expectations: Pick<
    Expectations,
    'fuelOf' | 'speedOf' | 'sharedSpeedOf' | 'underWayMs' | 'queueMs' | 'transportMs'
  >;
  readonly decisions: Pick<Decisions, 'of'>;
  /** Runs that have moved to a provider, and take turns there. */
  readonly movedTo: (provider: string) => number;
  readonly told: Pick<ToldWaits, 'taken' | 'waits'>;
  readonly timer: Pick<Timer, 'nowMs'>;
}

/** Of a run that could stand still: why it cannot move to a provider; undefined when it can. */
export type Hindrance = (provider: string) => string | undefined;

/** What binds a run to a side. */
interface Ties {
  /** Why it must not leave the hub; undefined when it may. */
  readonly keptHere?: string | undefined;
  readonly hindrance?: Hindrance | undefined;
}

/** Where a task's runs may begin now: see `LaneOptions.gate`. */
export interface Gate {
  readonly here: boolean;
  /** Runs that could begin elsewhere, whatever this machine does. */
  readonly elsewhere: number;
}

/** Puts the question of where a run executes together from what is known now, and keeps to where its task's runs went. */
export class Placer {
  readonly #parts: PlacerParts;
  readonly #standings = new Standings();
  /** Of each task: runs that could begin, and the payload of the last that did. */
  readonly #ready = new Map<string, number>();
  readonly #lastBytes = new Map<string, number>();

  constructor(parts: PlacerParts) {
    this.#parts = parts;
  }

  /** Runs of a task that could begin. */
  readyOf(task: string): number {
    return this.#ready.get(task) ?? 0;
  }

  /** Where runs of a task may begin now, of which so many could; undefined when only here. */
  gateOf(task: string, ready: number): Gate | undefined {
    const { tasks, choice, told } = this.#parts;
    const placed = tasks.of(task);
    this.#ready.set(task, ready);
    if (placed?.planned.isRemote !== true) return undefined;
    const { policy } = placed.planned;
    const provider = choice.bestFor(task);
    const room = provider?.room ?? 0;
    if (provider !== undefined) told.taken(task);
    else if (policy === 'remote-only' && ready > 0) told.waits(task);
    if (policy === 'remote-only') return { here: false, elsewhere: room };
    if (policy !== 'auto' || provider === undefined) return { here: true, elsewhere: room };
    const mayLeave = this.#standings.isElsewhere(task) || this.#wantsRelief(task, ready);
    return { here: true, elsewhere: mayLeave ? room : 0 };
  }

  /** @param hindrance Left out for a run that could not stand still. */
  decide(task: string, request: RunRequest, hindrance?: Hindrance): Decision {
    const { tasks, expectations, timer } = this.#parts;
    const placed = tasks.of(task);
    const payloadBytes = request.event.payload.length;
    if (placed?.planned.isRemote !== true) {
      const reason = placed?.planned.reason ?? 'its task is not one of the application';
      return { side: 'local', fuel: expectations.fuelOf(task, payloadBytes), reason };
    }
    this.#lastBytes.set(task, payloadBytes);
    const ties = { keptHere: this.#keptHere(placed, request), hindrance };
    const decision = this.#byPolicy(task, placed.planned.policy, payloadBytes, ties);
    const { side, isRelief = false } = decision;
    if (side !== 'wait' && !isRelief) this.#standings.note(task, payloadBytes, side, timer.nowMs());
    return decision;
  }

  /** Why a run must not leave the hub; undefined when it may. */
  keptHere(task: string, request: RunRequest): string | undefined {
    const placed = this.#parts.tasks.of(task);
    return placed === undefined ? 'its task is not one of the application' : this.#keptHere(placed, request);
  }

  #keptHere({ task, planned }: Placed, request: RunRequest): string | undefined {
    const { app, decisions } = this.#parts;
    const { topic } = request.event;
    if (filterMatches(LOCAL_TOPICS, topic)) return `its topic ${topic} is local`;
    for (const filter of app.privateTopics) {
      if (filterMatches(filter, topic)) return `its topic ${topic} must not leave the hub`;
    }
    // It was begun before a new version was deployed.
    if (task.installed.key !== request.task || task.manifest.limits !== request.limits) {
      return 'it is a run of an earlier version of its task';
    }
    const before = decisions.of(request.runId).filter(({ side }) => side === 'remote').length;
    if (before >= PLACEMENT_BOUNDS.remoteExecutions && planned.policy !== 'remote-only') {
      return `it was sent to a provider ${before} times, and must be executed once more`;
    }
    return undefined;
  }

  /** Whether runs wait here that would be over sooner if one went elsewhere. */
  #wantsRelief(task: string, ready: number): boolean {
    if (ready === 0 || this.#parts.idleSlots() > 0) return false;
    return this.#byPolicy(task, 'auto', this.#lastBytes.get(task) ?? 0).isRelief === true;
  }

  #byPolicy(task: string, policy: PlacementPolicy, payloadBytes: number, { keptHere, hindrance }: Ties = {}): Decision {
    const { tasks, threads, idleSlots, choice, refusals, expectations, movedTo, timer } = this.#parts;
    const fuel = expectations.fuelOf(task, payloadBytes);
    const provider = choice.bestFor(task, payloadBytes);
    const here = expectations.speedOf(task, fuel);
    const waitingMs = (this.readyOf(task) * fuel) / here.fuelPerMs;
    const moving = provider && hindrance && { hindrance: hindrance(provider.name) };
    // What would move takes turns with what has moved there.
    const moved = moving && provider ? movedTo(provider.name) : 0;
    return decide({
      policy,
      keptHere,
      fuel,
      local: {
        ...here,
        queueMs: expectations.underWayMs() / threads(),
        backlogMs: waitingMs / threads(),
        weight: tasks.weight,
        hasRoom: idleSlots() > 0,
      },
      remote: provider && {
        name: provider.name,
        hasRoom: provider.room > 0,
        queueMs: expectations.queueMs(provider),
        transportMs: expectations.transportMs(provider, payloadBytes),
        ...expectations.sharedSpeedOf(task, fuel, provider, moved),
      },
      ...(provider === undefined ? { refusals: refusals(task) } : {}),
      standing: this.#standings.of(task, payloadBytes),
      nowMs: timer.nowMs(),
      ...(moving === undefined ? {} : { moving }),
    });
  }
}
