/** Decides for each run where it executes, has it executed there, and sees to it that there is one result. */
import { randomBytes } from 'node:crypto';
import {
  beginningOf,
  filterMatches,
  type PointOptions,
  type RunHandle,
  type RunRequest,
  type RunResult,
  type Runtime,
  type StateReader,
} from '../../runtime/index.js';
import type { SigningKey } from '../../provider/protocol/index.js';
import type { Logger } from '../log.js';
import type { Manifest } from '../manifest/index.js';
import type { Links, Moves } from '../migration/index.js';
import type { DeployedTask } from '../registry/index.js';
import {
  cameToCap,
  RemoteLost,
  RemoteProvider,
  StateFeed,
  type ProviderStatus,
  type RemoteProviderParts,
  type SavedProvider,
} from '../session/index.js';
import type { ChangeResult, StateChange } from '../store/index.js';
import type { Timer } from '../timer.js';
import type { App } from './app.js';
import { isBetter, type Candidate } from './better-provider.js';
import { AppFaults } from './app-faults.js';
import { sharedSpeed } from './cost.js';
import { decide, type Decision } from './decide.js';
import { Decisions } from './decisions.js';
import { difference } from './fuel-check.js';
import { firstResult } from './first-result.js';
import { PLACEMENT_BOUNDS } from './limits.js';
import { Measurements } from './measurements.js';
import { movingLinks } from './moving-links.js';
import { noTaker } from './no-taker.js';
import { PlacedRun } from './placed-run.js';
import { LOCAL_TOPICS, type PlacementPolicy } from './policy.js';
import { Standings } from './standings.js';
import { ToldWaits } from './told-waits.js';
import { planTasks, remoteConfiguration, type Conditions, type PlannedTask } from './remote-configuration.js';

export interface PlacementOptions {
  readonly app: App;
  readonly conditions: Conditions;
  readonly providers: readonly SavedProvider[];
  /** The hub's own, which providers know it by. */
  readonly key: SigningKey;
  readonly hubName: string;
  /** Opens the hub's state, as its threads do. */
  readonly openState: (options: { readonly file: string }) => StateReader;
  readonly timer: Timer;
  /** Milliseconds since 1970 (UTC). */
  readonly clock: () => number;
  /** From 0 to 1: which runs are executed twice, to compare; and when a provider is asked again. */
  readonly random: () => number;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  /** Makes links to providers. Default: WebSockets. */
  readonly connect?: RemoteProviderParts['connect'];
}

/** What there is on this machine. */
export interface Here {
  readonly local: Runtime;
  readonly threads: number;
  /** The hub's store, which exists. */
  readonly file: string;
  /** A component as it was deployed; undefined when it is not kept any more. */
  readonly component: (digest: string) => Promise<Uint8Array | undefined>;
}

/** A run that may only execute at a provider, while none takes it. */
interface Waiting {
  readonly go: () => void;
}

/** What binds a run to a side. */
interface Ties {
  /** Why it must not leave the hub; undefined when it may. */
  readonly keptHere?: string | undefined;
  /** See `Placement.#decide`. */
  readonly hindrance?: ((provider: string) => string | undefined) | undefined;
}

/** A run that is executed at a provider as a whole. */
interface RemoteRun {
  /** Its task's. */
  readonly name: string;
  readonly decision: Decision;
  readonly request: RunRequest;
  readonly signal: AbortSignal | undefined;
  /** Whether it is executed here as well, to compare. */
  readonly isChecked: boolean;
}

/** What is known of a task that is deployed. */
interface Placed {
  readonly task: DeployedTask;
  readonly planned: PlannedTask;
}

/** What is planned for a task, and what its runs wait for now, in words; absent when they wait for no provider. */
export interface PlannedNow extends PlannedTask {
  readonly waitsFor?: string;
}

/** Where a task's runs may begin now: see `LaneOptions.gate`. */
export interface Gate {
  readonly here: boolean;
  /** Runs that could begin elsewhere, whatever this machine does. */
  readonly elsewhere: number;
}

const LOCAL = 'local';

export class Placement {
  readonly #options: PlacementOptions;
  readonly #faults: AppFaults;
  readonly #measurements = new Measurements();
  readonly #decisions = new Decisions();
  readonly #standings = new Standings();
  readonly #waiting = new Set<Waiting>();
  #placed = new Map<string, Placed>();
  #tasks: readonly DeployedTask[] = [];
  #learnt: ReadonlyMap<string, string> = new Map();
  /** Versions of which runs that moved are at a provider, by its name. */
  readonly #held = new Map<string, readonly DeployedTask[]>();
  #providers: readonly RemoteProvider[] = [];
  #feeds: readonly StateFeed[] = [];
  /** Of components, by digest. */
  readonly #sizes = new Map<string, number>();
  #reader: StateReader | undefined;
  #local: Runtime | undefined;
  #roomMade: () => void = () => undefined;
  #conditions: Conditions;
  /** Expected work of the runs that are under way here, in milliseconds. */
  #localMs = 0;
  /** When a run came to a limit that is lower there, by provider and task. */
  readonly #cameHome = new Map<string, number>();
  /** When a run was late, by provider and task. */
  readonly #late = new Map<string, number>();
  /** Of each task: runs that could begin, and the payload of the last that did. */
  readonly #ready = new Map<string, number>();
  readonly #lastBytes = new Map<string, number>();
  /** Of those at each provider, by its name: the provider tells what a run would wait there once a second only. */
  readonly #remoteMs = new Map<string, number>();
  #threads = 1;
  #epoch = 0;
  #isStarted = false;
  #isClosed = false;
  /** Runs that could stand still here, and the providers that execute them as a whole. */
  readonly #elsewhere = new Map<string, string>();
  /** All runs that execute at a provider as a whole, and its name. */
  readonly #there = new Map<string, string>();
  /** Runs that have begun and wait for a provider, and their tasks. */
  readonly #unplaced = new Map<string, string>();
  readonly #told: ToldWaits;
  #moves: Moves | undefined;

  constructor(options: PlacementOptions) {
    this.#options = options;
    this.#faults = new AppFaults(options.app, options.log);
    this.#conditions = options.conditions;
    const { timer, log } = options;
    this.#told = new ToldWaits({ timer, log, reasonOf: (task) => this.#untaken(task) });
  }

  /** A runtime that executes each run here or at a provider. */
  over({ local, threads, file, component: find }: Here): Runtime {
    const { providers, openState } = this.#options;
    this.#local = local;
    this.#threads = threads;
    const reader = openState({ file });
    this.#reader = reader;
    const stateEpoch = randomBytes(16).toString('hex');
    const feeds: StateFeed[] = [];
    this.#providers = providers.map((saved) => {
      const feed = new StateFeed(reader);
      feeds.push(feed);
      const { key, hubName, timer, clock, random, log, connect } = this.#options;
      const component = async (digest: string): Promise<Uint8Array> => {
        const found = await find(digest);
        if (found === undefined) throw new Error(`the component ${digest} is not kept any more`);
        return found;
      };
      const { name } = saved;
      const changed = (): void => {
        this.#changed();
        this.#moves?.changed(name);
      };
      return new RemoteProvider({
        saved,
        key,
        hubName,
        stateEpoch,
        feed,
        component,
        timer,
        clock,
        random,
        log,
        changed,
        moved: (message) => this.#moves?.received(name, message),
        mostBytes: (id) => this.#moves?.mostBytes(name, id),
        unsent: (id, reason) => this.#moves?.unsent(id, reason),
        lost: (isForGood, reason) => {
          this.#moves?.lost(name);
          if (isForGood) this.#moves?.gone(name, reason);
        },
        connect,
      });
    });
    this.#feeds = feeds;
    return {
      install: async (component, limits, options) => {
        const installed = await local.install(component, limits, options);
        this.#sizes.set(installed.digest, component.length);
        return installed;
      },
      forget: (key) => local.forget(key),
      begin: (request, options) => this.#begin(request, options),
      resume: (checkpoint, task, options) => local.resume(checkpoint, task, options),
      uninstall: (key) => local.uninstall(key),
      run: (request, signal) => this.#run(request, signal),
      get occupancy() {
        return local.occupancy;
      },
      setApart: (runId) => local.setApart(runId),
      cancel: (runId) => local.cancel(runId),
      get idleSlots() {
        return local.idleSlots;
      },
      close: async () => {
        this.#close();
        await local.close();
      },
    };
  }

  /** @param moves told from now on. @returns the providers, as far as runs that move need them. */
  linksFor(moves: Moves): Links {
    this.#moves = moves;
    return movingLinks({
      provider: (name) => this.#providers.find((provider) => provider.name === name),
      names: this.#providers.map(({ name }) => name),
      planned: (task) => this.#placed.get(task)?.planned,
      keptHere: (task, request) => {
        const placed = this.#placed.get(task);
        return placed === undefined ? 'its task is not one of the application' : this.#keptHere(placed, request);
      },
      isInForce: (task) => this.#placed.get(task.manifest.name)?.task === task,
      mayGoOn: (task) => this.#mayGoOn(task),
      hold: (name, versions) => {
        this.#held.set(name, versions);
        this.#configure();
      },
      expectedFuel: (task, payloadBytes) => this.#measurements.expectedFuel(task, payloadBytes),
      edges: this.#options.app.edges,
      elsewhere: (runId) => this.#elsewhere.get(runId),
      wholeAt: (runId) => this.#there.get(runId),
      waitsFor: (runId) => this.waitsOf(runId, false),
      best: (task) => this.#providerFor(task, 0),
      speedOf: (task = '', name) => {
        const side = name === undefined ? LOCAL : sideOf(name);
        return this.#measurements.speedOf(side, task, PLACEMENT_BOUNDS.longFuel, this.#options.timer.nowMs());
      },
      noteFuel: (task, payloadBytes, fuel) => this.#measurements.noteFuel(task, payloadBytes, fuel),
      noteSpeed: (name, task, used) =>
        this.#measurements.noteSpeed(sideOf(name), task, used, this.#options.timer.nowMs()),
      weight: () => this.#options.app.weightUnder(this.#conditions),
      preferred: (task) => this.#options.app.movingOf(task),
      areSelected: this.#options.app.migration === 'auto',
    });
  }

  /** Told when runs that could not begin now can. */
  whenRoom(roomMade: () => void): void {
    this.#roomMade = roomMade;
  }

  /**
   * All tasks that are deployed, whenever they change.
   * @param learnt See `LearntBuckets`.
   * @throws Error the first time, when they contradict the application; later, such tasks are not deployed. What is only
   *   absent is logged.
   */
  deployed(tasks: readonly DeployedTask[], learnt: ReadonlyMap<string, string>): void {
    this.#faults.look(
      tasks.map(({ manifest }) => manifest),
      { refuse: !this.#isStarted },
    );
    this.#tasks = tasks;
    this.#learnt = learnt;
    this.#configure();
    if (this.#isStarted) return;
    this.#isStarted = true;
    for (const provider of this.#providers) provider.start();
  }

  /** What the application says otherwise than these tasks, with what is to be done; a task that is absent is none. */
  contradictions(tasks: readonly Manifest[]): readonly string[] {
    const { app } = this.#options;
    const wrong = app.faultsWith(tasks).filter(({ isAbsence }) => !isAbsence);
    return wrong.map(
      ({ message }) =>
        `it contradicts the application ${app.name}: ${message}. Change the application, and start the hub with it, or without one`,
    );
  }

  /** Topic filters whose messages must not leave the hub, besides local/#. */
  get privateTopics(): readonly string[] {
    return this.#options.app.privateTopics;
  }

  /** From what temperature on this machine counts as hot, in degrees Celsius. */
  get hotFrom(): number {
    return this.#options.app.preferences.hotFrom;
  }

  /** What the hub is under. */
  get conditions(): Conditions {
    return this.#conditions;
  }

  /** What the hub is under has changed. Sessions are updated; their runs go on. */
  adapt(conditions: Conditions): void {
    this.#conditions = conditions;
    this.#configure();
    this.#changed();
    this.#moves?.adapted();
  }

  /** Takes note of what was committed. */
  note(changes: readonly StateChange[], results: readonly ChangeResult[]): void {
    for (const feed of this.#feeds) feed.note(changes, results);
  }

  /** Where runs of a task may begin now, of which so many could; undefined when only here. */
  gateOf(task: string, ready = 0): Gate | undefined {
    const placed = this.#placed.get(task);
    this.#ready.set(task, ready);
    if (placed?.planned.isRemote !== true) return undefined;
    const { policy } = placed.planned;
    const provider = this.#providerFor(task, 0);
    const room = provider?.room ?? 0;
    if (provider !== undefined) this.#told.taken(task);
    else if (policy === 'remote-only' && ready > 0) this.#told.waits(task);
    if (policy === 'remote-only') return { here: false, elsewhere: room };
    if (policy !== 'auto' || provider === undefined) return { here: true, elsewhere: room };
    const mayLeave = this.#standings.isElsewhere(task) || this.#wantsRelief(task, ready);
    return { here: true, elsewhere: mayLeave ? room : 0 };
  }

  /** Whether runs wait here that would be over sooner if one went elsewhere. */
  #wantsRelief(task: string, ready: number): boolean {
    if (ready === 0 || this.#here.idleSlots > 0) return false;
    return this.#byPolicy(task, 'auto', this.#lastBytes.get(task) ?? 0).isRelief === true;
  }

  get providers(): readonly ProviderStatus[] {
    return this.#providers.map(({ status }) => status);
  }

  get plan(): readonly PlannedNow[] {
    return [...this.#placed.values()].map(({ planned }) => {
      const waitsFor = this.waitsFor(planned.task);
      return waitsFor === undefined ? planned : { ...planned, waitsFor };
    });
  }

  /** What a run of the task would wait for now, in words; undefined when it may execute here, or a provider has room. */
  waitsFor(task: string): string | undefined {
    const placed = this.#placed.get(task);
    if (placed?.planned.isRemote !== true || placed.planned.policy !== 'remote-only') return undefined;
    const provider = this.#providerFor(task, 0);
    if (provider === undefined) return noTaker(task, placed.task.manifest.limits, this.#providers);
    return provider.room > 0 ? undefined : `the provider ${provider.name} has no room now`;
  }

  /** Where a run was placed, each time, the first one first. */
  explain(runId: string): readonly Decision[] {
    return this.#decisions.of(runId);
  }

  /** What a run waits for, in words; undefined when it waits for no provider. @param isQueued It has not begun. */
  waitsOf(runId: string, isQueued: boolean): string | undefined {
    return isQueued || this.#unplaced.has(runId) ? this.waitsFor(taskOf({ runId })) : undefined;
  }

  #close(): void {
    this.#isClosed = true;
    this.#told.close();
    for (const provider of this.#providers) provider.close();
    this.#reader?.close();
    this.#waiting.clear();
  }

  #configure(): void {
    const planned = planTasks(this.#tasks, this.#options.app, this.#conditions, this.#learnt);
    this.#placed = new Map();
    for (const [i, task] of this.#tasks.entries()) {
      const plan = planned[i];
      const { name } = task.manifest;
      if (plan !== undefined) this.#placed.set(name, { task, planned: plan });
    }
    const specs = remoteConfiguration(this.#tasks, planned, (digest) => this.#sizes.get(digest));
    for (const provider of this.#providers) {
      const held = this.#held.get(provider.name) ?? [];
      const earlier = held.filter((task) => this.#mayGoOn(task)).map(({ manifest }) => manifest);
      provider.configure(specs, earlier);
    }
  }

  /** Whether a version of a task could be at a provider now, if it were in force. */
  #mayGoOn(task: DeployedTask): boolean {
    const { app } = this.#options;
    const others = this.#tasks.filter(({ manifest }) => manifest.name !== task.manifest.name);
    const planned = planTasks([...others, task], app, this.#conditions, this.#learnt).at(-1);
    return planned?.isRemote === true && ![...this.#placed.values()].some((placed) => placed.task === task);
  }

  get #here(): Runtime {
    if (this.#local === undefined) throw new Error('Cannot place runs before "over"');
    return this.#local;
  }

  /** A provider has more room, or another one. */
  #changed(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const { go } of waiting) go();
    this.#roomMade();
  }

  async #run(request: RunRequest, signal: AbortSignal | undefined): Promise<RunResult> {
    const name = taskOf(request);
    for (;;) {
      const decision = this.#decide(name, request);
      this.#decisions.note(request.runId, decision);
      if (decision.side === 'local') return this.#runHere(name, request, signal);
      if (decision.side === 'remote') {
        const result = await this.#runThere({ name, decision, request, signal, isChecked: this.#drawsCheck() });
        if (result !== undefined) return result;
      } else {
        await this.#room(name, request.runId, signal);
      }
      if (signal?.aborted === true) return cancelled(request);
    }
  }

  /** @param hindrance Of a run that could stand still: why it cannot move to a provider; undefined when it can. */
  #decide(name: string, request: RunRequest, hindrance?: (provider: string) => string | undefined): Decision {
    const { timer } = this.#options;
    const placed = this.#placed.get(name);
    const policy: PlacementPolicy = placed?.planned.isRemote === true ? placed.planned.policy : 'local-only';
    const { event } = request;
    const fuel = this.#measurements.expectedFuel(name, event.payload.length);
    const nowMs = timer.nowMs();
    if (placed?.planned.isRemote !== true) {
      return { side: 'local', fuel, reason: placed?.planned.reason ?? 'its task is not one of the application' };
    }
    this.#lastBytes.set(name, event.payload.length);
    const keptHere = this.#keptHere(placed, request);
    const decision = this.#byPolicy(name, policy, event.payload.length, { keptHere, hindrance });
    const { side, isRelief = false } = decision;
    if (side !== 'wait' && !isRelief) this.#standings.note(name, event.payload.length, side, nowMs);
    return decision;
  }

  #byPolicy(name: string, policy: PlacementPolicy, payloadBytes: number, { keptHere, hindrance }: Ties = {}): Decision {
    const { app, timer } = this.#options;
    const nowMs = timer.nowMs();
    const fuel = this.#measurements.expectedFuel(name, payloadBytes);
    const provider = this.#providerFor(name, payloadBytes);
    const here = this.#measurements.speedOf(LOCAL, name, fuel, nowMs);
    const waitingMs = ((this.#ready.get(name) ?? 0) * fuel) / here.fuelPerMs;
    const moving = provider && hindrance && { hindrance: hindrance(provider.name) };
    // What would move takes turns with what has moved there.
    const moved = (moving && this.#moves?.runsAt(provider?.name ?? '')) ?? 0;
    return decide({
      policy,
      keptHere,
      fuel,
      local: {
        ...here,
        queueMs: this.#localMs / this.#threads,
        backlogMs: waitingMs / this.#threads,
        weight: app.weightUnder(this.#conditions),
        hasRoom: this.#here.idleSlots > 0,
      },
      remote: provider && {
        name: provider.name,
        hasRoom: provider.room > 0,
        queueMs: this.#queueMs(provider),
        transportMs: this.#transportMs(provider, payloadBytes, nowMs),
        ...this.#speedAt(provider, { name, fuel, moved }),
      },
      standing: this.#standings.of(name, payloadBytes),
      nowMs,
      ...(moving === undefined ? {} : { moving }),
    });
  }

  #keptHere({ task, planned }: Placed, request: RunRequest): string | undefined {
    const { topic } = request.event;
    if (filterMatches(LOCAL_TOPICS, topic)) return `its topic ${topic} is local`;
    for (const filter of this.#options.app.privateTopics) {
      if (filterMatches(filter, topic)) return `its topic ${topic} must not leave the hub`;
    }
    // It was begun before a new version was deployed.
    if (task.installed.key !== request.task || task.manifest.limits !== request.limits) {
      return 'it is a run of an earlier version of its task';
    }
    const before = this.#decisions.of(request.runId).filter(({ side }) => side === 'remote').length;
    if (before >= PLACEMENT_BOUNDS.remoteExecutions && planned.policy !== 'remote-only') {
      return `it was sent to a provider ${before} times, and must be executed once more`;
    }
    return undefined;
  }

  /** The provider at which a run of the task would be over first, of the class of device that it prefers. */
  #providerFor(task: string, payloadBytes: number): RemoteProvider | undefined {
    const nowMs = this.#options.timer.nowMs();
    const device = this.#options.app.deviceOf(task);
    let best: (Candidate & { readonly provider: RemoteProvider }) | undefined;
    for (const provider of this.#providers) {
      if (provider.isFaulty || !provider.takes(task) || this.#isTooSmall(provider, task, nowMs)) continue;
      if (nowMs - (this.#late.get(`${provider.name}/${task}`) ?? -Infinity) < PLACEMENT_BOUNDS.lateForMs) continue;
      const candidate = {
        provider,
        hasRoom: provider.room > 0,
        isPreferred: device === undefined || provider.capacity.device === device,
        ms: this.#transportMs(provider, payloadBytes, nowMs) + this.#queueMs(provider),
      };
      if (best === undefined || isBetter(candidate, best)) best = candidate;
    }
    return best?.provider;
  }

  /** Whether a task's limits are lower there, and it needs its own, or would have nowhere else to go. */
  #isTooSmall(provider: RemoteProvider, task: string, nowMs: number): boolean {
    if (provider.capsOf(task) === undefined) return false;
    if (this.#placed.get(task)?.planned.policy === 'remote-only') return true;
    const cameHomeAtMs = this.#cameHome.get(`${provider.name}/${task}`) ?? -Infinity;
    return nowMs - cameHomeAtMs < PLACEMENT_BOUNDS.cappedForMs;
  }

  #queueMs({ name, queueMs, capacity }: RemoteProvider): number {
    return Math.max(queueMs, (this.#remoteMs.get(name) ?? 0) / Math.max(1, capacity.threads));
  }

  /** Of a run at a provider at which so many others take turns. */
  #speedAt(
    { name: provider, capacity }: RemoteProvider,
    { name, fuel, moved }: { readonly name: string; readonly fuel: number; readonly moved: number },
  ): { readonly fuelPerMs: number; readonly isMeasured: boolean } {
    const nowMs = this.#options.timer.nowMs();
    const { fuelPerMs, isMeasured } = this.#measurements.speedOf(sideOf(provider), name, fuel, nowMs);
    return { fuelPerMs: sharedSpeed(fuelPerMs, { others: moved, threads: capacity.threads }), isMeasured };
  }

  #transportMs(provider: RemoteProvider, payloadBytes: number, nowMs: number): number {
    return this.#measurements.transportMs(provider.name, payloadBytes, provider.roundTripMs ?? 0, nowMs);
  }

  async #runHere(name: string, request: RunRequest, signal: AbortSignal | undefined): Promise<RunResult> {
    const payloadBytes = request.event.payload.length;
    const { timer } = this.#options;
    const fuel = this.#measurements.expectedFuel(name, payloadBytes);
    const expectedMs = fuel / this.#measurements.speedOf(LOCAL, name, fuel, timer.nowMs()).fuelPerMs;
    this.#localMs += expectedMs;
    try {
      const result = await this.#here.run(request, signal);
      this.#noteFuel(name, payloadBytes, result);
      this.#measurements.noteSpeed(LOCAL, name, result.usage, timer.nowMs());
      return result;
    } finally {
      this.#localMs = Math.max(0, this.#localMs - expectedMs);
    }
  }

  #begin(request: RunRequest, options: PointOptions | undefined): RunHandle {
    const name = taskOf(request);
    const here = (): RunHandle => this.#noted(request, this.#here.begin(request, options));
    const isChecked = this.#drawsCheck();
    const hindrance = (provider: string): string | undefined =>
      isChecked ? 'it is executed here as well, to compare' : this.#hindrance(request, provider);
    const decide = (): Decision => {
      const decision = this.#decide(name, request, hindrance);
      this.#decisions.note(request.runId, decision);
      return decision;
    };
    return new PlacedRun({
      request,
      options,
      decide,
      begin: here,
      beginning: () => this.#beginningOf(name, request),
      move: ({ provider = '', reason }) => this.#moves?.begin(request.runId, provider, reason),
      runThere: async (decision) => {
        this.#elsewhere.set(request.runId, decision.provider ?? '');
        try {
          return await this.#runThere({ name, decision, request, signal: options?.signal, isChecked });
        } finally {
          this.#elsewhere.delete(request.runId);
        }
      },
      room: () => this.#room(name, request.runId, options?.signal),
      cancelled: () => cancelled(request),
    });
  }

  /** Why a run that has not begun cannot move; undefined when it can. */
  #hindrance({ runId }: RunRequest, provider: string): string | undefined {
    const task = this.#placed.get(taskOf({ runId }))?.task;
    if (task?.installed.resumable === undefined) return 'its task cannot stand still';
    return this.#moves === undefined ? 'runs do not move here' : this.#moves.refusal(runId, provider);
  }

  #beginningOf(name: string, request: RunRequest): Uint8Array {
    const { digest = '', resumable = '' } = this.#placed.get(name)?.task.installed ?? {};
    return beginningOf(request, { component: digest, instrumentation: resumable });
  }

  /** Runs that could stand still here, and execute at providers as a whole. */
  get elsewhere(): number {
    return this.#elsewhere.size;
  }

  /** Takes note of what a run takes that may move. */
  #noted({ runId, event }: RunRequest, handle: RunHandle): RunHandle {
    const name = taskOf({ runId });
    void this.#note(name, event.payload.length, handle.end).catch(() => undefined);
    return handle;
  }

  async #note(name: string, payloadBytes: number, ending: RunHandle['end']): Promise<void> {
    const end = await ending;
    if (end.kind !== 'ended') return;
    const { usage } = end.result;
    this.#noteFuel(name, payloadBytes, end.result);
    this.#measurements.noteSpeed(LOCAL, name, usage, this.#options.timer.nowMs());
  }

  /** One that was cancelled would have taken more. */
  #noteFuel(name: string, payloadBytes: number, { outcome, usage }: Pick<RunResult, 'outcome' | 'usage'>): void {
    if (outcome.kind !== 'cancelled') this.#measurements.noteFuel(name, payloadBytes, usage.fuel);
  }

  /** @returns undefined when the run is to be placed anew. */
  async #runThere({ name, decision, request, signal, isChecked }: RemoteRun): Promise<RunResult | undefined> {
    const provider = this.#providers.find((each) => each.name === decision.provider);
    if (provider === undefined) return undefined;
    const { log, timer } = this.#options;
    const { fuel } = decision;
    const speed = this.#measurements.speedOf(sideOf(provider.name), name, fuel, timer.nowMs());
    const expectedMs = fuel / speed.fuelPerMs;
    const waitMs = this.#queueMs(provider) + this.#transportMs(provider, request.event.payload.length, timer.nowMs());
    const { lateFactor, lateMs, lateUnknownMs } = PLACEMENT_BOUNDS;
    this.#addRemote(provider.name, expectedMs);
    this.#there.set(request.runId, provider.name);
    try {
      const epoch = ++this.#epoch;
      const first = await firstResult({
        there: (ends) => provider.run({ request, task: name, epoch }, ends),
        here: (ends) => this.#here.run(request, ends),
        mayBeHere: this.#placed.get(name)?.planned.policy === 'remote-only' ? undefined : () => this.#isSpare(),
        lateMs: speed.isMeasured ? Math.max(lateMs, lateFactor * (expectedMs + waitMs)) : lateUnknownMs,
        timer,
        signal,
      });
      if (first.side === 'here') return this.#wasLate(provider, name, request, first.result);
      const { result, queuedMs, tookMs, bytes, caps } = first.answer;
      const { usage } = result;
      const cap = caps && cameToCap(result, caps);
      if (cap !== undefined) {
        this.#cameHome.set(`${provider.name}/${name}`, timer.nowMs());
        const reason = `it came to a limit at ${provider.name}: ${cap}`;
        this.#decisions.note(request.runId, { side: 'local', fuel: usage.fuel, reason });
        return await this.#runHere(name, request, signal);
      }
      this.#noteFuel(name, request.event.payload.length, result);
      this.#measurements.noteSpeed(sideOf(provider.name), name, usage, timer.nowMs());
      const transportMs = Math.max(0, tookMs - queuedMs - usage.wallMs);
      this.#measurements.noteTransport(provider.name, bytes, transportMs, timer.nowMs());
      if (!isChecked) return { ...result, where: provider.name };
      return await this.#checked(provider, result, request, signal);
    } catch (error) {
      if (!(error instanceof RemoteLost)) throw error;
      if (!this.#isClosed) log.info({ runId: request.runId, reason: error.message }, 'a run is placed anew');
      return undefined;
    } finally {
      this.#addRemote(provider.name, -expectedMs);
      this.#there.delete(request.runId);
    }
  }

  /** Whether the next run is executed here as well, if it goes to a provider. */
  #drawsCheck(): boolean {
    const { app, random } = this.#options;
    return app.checked > 0 && random() < app.checked;
  }

  /** Whether a run that executes elsewhere may be executed here as well: that costs nothing that anybody waits for. */
  #isSpare(): boolean {
    return this.#here.idleSlots > 0 && this.#options.app.weightUnder(this.#conditions) === 1;
  }

  /** A run was executed here before its provider answered. */
  #wasLate(provider: RemoteProvider, name: string, request: RunRequest, result: RunResult): RunResult {
    const { timer, log } = this.#options;
    const { fuel } = result.usage;
    this.#late.set(`${provider.name}/${name}`, timer.nowMs());
    const reason = `${provider.name} did not answer in time, and it was over here before it did`;
    this.#decisions.note(request.runId, { side: 'local', fuel, reason });
    log.warn({ runId: request.runId, provider: provider.name }, 'a provider is late: a run was executed here as well');
    this.#noteFuel(name, request.event.payload.length, result);
    this.#measurements.noteSpeed(LOCAL, name, result.usage, timer.nowMs());
    return result;
  }

  #addRemote(provider: string, ms: number): void {
    this.#remoteMs.set(provider, Math.max(0, (this.#remoteMs.get(provider) ?? 0) + ms));
  }

  /** Executes a run here as well. What differs is the provider's fault, and what was found here counts. */
  async #checked(
    provider: RemoteProvider,
    remote: RunResult,
    request: RunRequest,
    signal: AbortSignal | undefined,
  ): Promise<RunResult> {
    const local = await this.#here.run(request, signal);
    const fault = difference(remote, local);
    if (fault === undefined) return { ...remote, where: provider.name };
    provider.fault(`${request.runId}: ${fault}`);
    return local;
  }

  /** Resolves when a provider may have room, or the run was cancelled. */
  async #room(task: string, runId: string, signal: AbortSignal | undefined): Promise<void> {
    this.#unplaced.set(runId, task);
    if (this.#providerFor(task, 0) === undefined) this.#told.waits(task);
    try {
      await this.#change(signal);
    } finally {
      this.#unplaced.delete(runId);
    }
  }

  /** Why no provider takes runs of the task, while some wait; undefined otherwise. */
  #untaken(task: string): string | undefined {
    const wait = (this.#ready.get(task) ?? 0) > 0 || [...this.#unplaced.values()].includes(task);
    return wait && this.#providerFor(task, 0) === undefined ? this.waitsFor(task) : undefined;
  }

  #change(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const go = (): void => {
        this.#waiting.delete(waiting);
        signal?.removeEventListener('abort', go);
        resolve();
      };
      const waiting: Waiting = { go };
      this.#waiting.add(waiting);
      signal?.addEventListener('abort', go);
      if (signal?.aborted === true) go();
    });
  }
}

/** A provider may be called "local". */
function sideOf(provider: string): string {
  return `at ${provider}`;
}

/** Runs are named for their event and their task, which has no slash in its name. */
function taskOf({ runId }: Pick<RunRequest, 'runId'>): string {
  return runId.slice(runId.lastIndexOf('/') + 1);
}

function cancelled({ runId }: RunRequest): RunResult {
  const usage = { fuel: 0, peakMemoryBytes: 0, wallMs: 0, hostMs: 0, outputBytes: 0, logBytes: 0 };
  return { runId, outcome: { kind: 'cancelled' }, effects: [], reads: [], log: [], droppedLogLines: 0, usage };
}
