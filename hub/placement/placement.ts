/** Decides for each run where it executes, has it executed there, and sees to it that there is one result. */
import type { Runtime } from '../../runtime/index.js';
import type { Manifest } from '../manifest/index.js';
import type { Links, Moves } from '../migration/index.js';
import type { DeployedTask } from '../registry/index.js';
import type { ProviderStatus } from '../session/index.js';
import type { ChangeResult, StateChange } from '../store/index.js';
import type { App } from './app.js';
import { AppFaults } from './app-faults.js';
import type { Decision } from './decide.js';
import { Decisions } from './decisions.js';
import { Dispatcher } from './dispatcher.js';
import { Expectations } from './expectations.js';
import { PLACEMENT_BOUNDS } from './limits.js';
import { LinkedProviders, type LinkedProvidersParts, type Served } from './linked-providers.js';
import { movingLinks } from './moving-links.js';
import { PlacedTasks } from './placed-tasks.js';
import { Placer, type Gate } from './placer.js';
import { ProviderChoice } from './provider-choice.js';
import { ProviderWaits } from './provider-waits.js';
import type { Conditions, PlannedTask } from './remote-configuration.js';
import { RunsHere } from './runs-here.js';
import { RunsThere } from './runs-there.js';
import { ToldWaits } from './told-waits.js';

/** `random`, from 0 to 1, says as well which runs are executed twice, to compare. */
export interface PlacementOptions extends Omit<LinkedProvidersParts, 'changed' | 'moves'> {
  readonly app: App;
  readonly conditions: Conditions;
}

/** What there is on this machine. */
export interface Here extends Served {
  readonly local: Runtime;
  readonly threads: number;
}

/** What is planned for a task, and what its runs wait for now, in words; absent when they wait for no provider. */
export interface PlannedNow extends PlannedTask {
  readonly waitsFor?: string;
}

export class Placement {
  readonly #app: App;
  readonly #faults: AppFaults;
  readonly #tasks: PlacedTasks;
  readonly #providers: LinkedProviders;
  readonly #expectations: Expectations;
  readonly #choice: ProviderChoice;
  readonly #decisions: Decisions;
  readonly #told: ToldWaits;
  readonly #waits: ProviderWaits;
  readonly #placer: Placer;
  readonly #there: RunsThere;
  readonly #dispatcher: Dispatcher;
  #here: Here | undefined;
  #moves: Moves | undefined;
  #roomMade: () => void = () => undefined;
  #isStarted = false;

  constructor(options: PlacementOptions) {
    const { app, conditions, random, timer, log } = options;
    const local = (): Runtime => this.#machine.local;
    const moves = (): Moves | undefined => this.#moves;
    const decisions = new Decisions();
    const expectations = new Expectations(timer);
    const providers = new LinkedProviders({ ...options, changed: () => this.#changed(), moves });
    const tasks = new PlacedTasks({ app, conditions, configure: (...all) => providers.configure(...all) });
    const choice = new ProviderChoice({ app, providers, tasks, expectations, timer });
    const told = new ToldWaits({ timer, log, reasonOf: (task) => waits.untaken(task) });
    const placer = new Placer({
      app,
      tasks,
      threads: () => this.#machine.threads,
      idleSlots: () => local().idleSlots,
      choice,
      refusals: (task) => providers.all.flatMap((provider) => provider.refusalOf(task) ?? []),
      expectations,
      decisions,
      movedTo: (provider) => this.#moves?.runsAt(provider) ?? 0,
      told,
      timer,
    });
    const waits = new ProviderWaits({ tasks, providers, choice, readyOf: (task) => placer.readyOf(task), told });
    const here = new RunsHere({ local, expectations });
    const there = new RunsThere({ providers, tasks, local, here, expectations, choice, decisions, timer, log });
    const drawsCheck = (): boolean => app.checked > 0 && random() < app.checked;
    this.#app = app;
    this.#faults = new AppFaults(app, log);
    this.#decisions = decisions;
    this.#expectations = expectations;
    this.#providers = providers;
    this.#tasks = tasks;
    this.#choice = choice;
    this.#told = told;
    this.#placer = placer;
    this.#waits = waits;
    this.#there = there;
    this.#dispatcher = new Dispatcher({ tasks, placer, decisions, here, there, waits, moves, drawsCheck });
  }

  /** A runtime that executes each run here or at a provider. */
  over(here: Here): Runtime {
    const { local } = here;
    this.#here = here;
    this.#providers.open(here);
    return {
      install: async (component, limits, options) => {
        const installed = await local.install(component, limits, options);
        this.#tasks.installed(installed.digest, component.length);
        return installed;
      },
      forget: (key) => local.forget(key),
      begin: (request, options) => this.#dispatcher.begin(request, options),
      resume: (checkpoint, task, options) => local.resume(checkpoint, task, options),
      uninstall: (key) => local.uninstall(key),
      run: (request, signal) => this.#dispatcher.run(request, signal),
      get occupancy() {
        return local.occupancy;
      },
      setApart: (runId) => local.setApart(runId),
      cancel: (runId) => local.cancel(runId) || this.#dispatcher.cancel(runId),
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
      provider: (name) => this.#providers.find(name),
      names: this.#providers.all.map(({ name }) => name),
      planned: (task) => this.#tasks.of(task)?.planned,
      keptHere: (task, request) => this.#placer.keptHere(task, request),
      isInForce: (task) => this.#tasks.of(task.manifest.name)?.task === task,
      mayGoOn: (task) => this.#tasks.mayGoOn(task),
      hold: (name, versions) => this.#tasks.hold(name, versions),
      expectedFuel: (task, payloadBytes) => this.#expectations.fuelOf(task, payloadBytes),
      edges: this.#app.edges,
      elsewhere: (runId) => this.#dispatcher.elsewhereOf(runId),
      wholeAt: (runId) => this.#there.providerOf(runId),
      waitsFor: (runId) => this.waitsOf(runId, false),
      best: (task) => this.#choice.bestFor(task),
      speedOf: (task = '', name) => this.#expectations.speedOf(task, PLACEMENT_BOUNDS.longFuel, name),
      noteFuel: (task, payloadBytes, fuel) => this.#expectations.noteFuel(task, payloadBytes, fuel),
      noteSpeed: (name, task, used) => this.#expectations.noteSpeed(task, used, name),
      weight: () => this.#tasks.weight,
      preferred: (task) => this.#app.movingOf(task),
      areSelected: this.#app.migration === 'auto',
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
    this.#tasks.deployed(tasks, learnt);
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#providers.start();
  }

  /** What the application says otherwise than these tasks, with what is to be done; a task that is absent is none. */
  contradictions(tasks: readonly Manifest[]): readonly string[] {
    const wrong = this.#app.faultsWith(tasks).filter(({ isAbsence }) => !isAbsence);
    return wrong.map(
      ({ message }) =>
        `it contradicts the application ${this.#app.name}: ${message}. Change the application, and start the hub with it, or without one`,
    );
  }

  /** Topic filters whose messages must not leave the hub, besides local/#. */
  get privateTopics(): readonly string[] {
    return this.#app.privateTopics;
  }

  /** From what temperature on this machine counts as hot, in degrees Celsius. */
  get hotFrom(): number {
    return this.#app.preferences.hotFrom;
  }

  /** What the hub is under. */
  get conditions(): Conditions {
    return this.#tasks.conditions;
  }

  /** What the hub is under has changed. Sessions are updated; their runs go on. */
  adapt(conditions: Conditions): void {
    this.#tasks.adapt(conditions);
    this.#changed();
    this.#moves?.adapted();
  }

  /** Takes note of what was committed. */
  note(changes: readonly StateChange[], results: readonly ChangeResult[]): void {
    this.#providers.note(changes, results);
  }

  /** Where runs of a task may begin now, of which so many could; undefined when only here. */
  gateOf(task: string, ready = 0): Gate | undefined {
    return this.#placer.gateOf(task, ready);
  }

  get providers(): readonly ProviderStatus[] {
    return this.#providers.all.map(({ status }) => status);
  }

  get plan(): readonly PlannedNow[] {
    return this.#tasks.planned.map((planned) => {
      const waitsFor = this.waitsFor(planned.task);
      return waitsFor === undefined ? planned : { ...planned, waitsFor };
    });
  }

  /** What a run of the task would wait for now, in words; undefined when it may execute here, or a provider has room. */
  waitsFor(task: string): string | undefined {
    return this.#waits.waitsFor(task);
  }

  /** What a run waits for, in words; undefined when it waits for no provider. @param isQueued It has not begun. */
  waitsOf(runId: string, isQueued: boolean): string | undefined {
    return this.#waits.waitsOf(runId, isQueued);
  }

  /** Where a run was placed, each time, the first one first. */
  explain(runId: string): readonly Decision[] {
    return this.#decisions.of(runId);
  }

  /** Runs that could stand still here, and execute at providers as a whole. */
  get elsewhere(): number {
    return this.#dispatcher.elsewhere;
  }

  get #machine(): Here {
    if (this.#here === undefined) throw new Error('Cannot place runs before "over"');
    return this.#here;
  }

  /** A provider has more room, or another one. */
  #changed(): void {
    this.#waits.changed();
    this.#roomMade();
  }

  #close(): void {
    this.#there.close();
    this.#told.close();
    this.#providers.close();
    // Nobody is told of them any more.
    this.#dispatcher.close();
    this.#waits.close();
  }
}
