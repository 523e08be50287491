/** What an app.toml says, complete: see `parse-app.ts`. */
import { filterCovers } from '../../runtime/index.js';
import type { Manifest } from '../manifest/index.js';
import { filtersOverlap } from './filters-overlap.js';
import type { MovingPreferences } from './moving-preferences.js';
import type { PlacementPolicy, TaskPlacement } from './policy.js';

/** Messages of one task that wake another. */
export interface Edge {
  readonly from: string;
  readonly topic: string;
  readonly to: string;
}

/** Where an application and the tasks do not fit one another. */
export interface AppFault {
  /** Begins with its key in app.toml. */
  readonly message: string;
  /** A task is not there, which may be deployed later. */
  readonly isAbsence: boolean;
}

export interface Preferences {
  /** Where the network is metered, nothing is sent that can be done here. */
  readonly avoidMetered: boolean;
  /** How much more work here counts while on battery. */
  readonly batteryWeight: number;
  /** From what temperature on the machine counts as hot, in degrees Celsius. */
  readonly hotFrom: number;
  /** How much more work here counts while it is hot. */
  readonly heatWeight: number;
  /** The class of device that runs are sent to while one has room; undefined for any. */
  readonly device: string | undefined;
}

export class App {
  readonly name: string;
  readonly edges: readonly Edge[];
  /** Topic filters whose messages must not leave the hub, besides local/#. */
  readonly privateTopics: readonly string[];
  readonly preferences: Preferences;
  /** The part of remote runs that is executed here as well, to compare: from 0 to 1. */
  readonly checked: number;
  /** Whether runs that go on move of their own accord. */
  readonly migration: 'auto' | 'by-hand';
  readonly #default: PlacementPolicy;
  readonly #tasks: ReadonlyMap<string, PlacementPolicy>;
  readonly #devices: ReadonlyMap<string, string>;
  readonly #moving: ReadonlyMap<string, MovingPreferences>;

  constructor(fields: {
    readonly name: string;
    readonly edges: readonly Edge[];
    readonly privateTopics: readonly string[];
    readonly preferences: Preferences;
    readonly checked: number;
    readonly migration: App['migration'];
    readonly byDefault: PlacementPolicy;
    readonly tasks: ReadonlyMap<string, PlacementPolicy>;
    /** Of tasks that prefer another class of device than the application. */
    readonly devices: ReadonlyMap<string, string>;
    /** Of tasks of whose runs that move it says something. */
    readonly moving: ReadonlyMap<string, MovingPreferences>;
  }) {
    this.name = fields.name;
    this.edges = fields.edges;
    this.privateTopics = fields.privateTopics;
    this.preferences = fields.preferences;
    this.checked = fields.checked;
    this.migration = fields.migration;
    this.#default = fields.byDefault;
    this.#tasks = fields.tasks;
    this.#devices = fields.devices;
    this.#moving = fields.moving;
  }

  placementOf(task: string): TaskPlacement {
    const policy = this.#tasks.get(task);
    if (policy !== undefined) return { policy, reason: `the application ${this.name} places it ${policy}` };
    return { policy: this.#default, reason: `the application ${this.name} places all other tasks ${this.#default}` };
  }

  /** The class of device that a task's runs are sent to while one has room; undefined for any. */
  deviceOf(task: string): string | undefined {
    return this.#devices.get(task) ?? this.preferences.device;
  }

  /** What it says of the task's runs that move. */
  movingOf(task: string): MovingPreferences {
    return this.#moving.get(task) ?? {};
  }

  /** How much more work here counts under these conditions; 1 for no more. Of two reasons, the one that counts more. */
  weightUnder({ onBattery, isHot = false }: { readonly onBattery: boolean; readonly isHot?: boolean }): number {
    const { batteryWeight, heatWeight } = this.preferences;
    return Math.max(1, onBattery ? batteryWeight : 1, isHot ? heatWeight : 1);
  }

  /** In the order of the file. */
  faultsWith(manifests: readonly Manifest[]): readonly AppFault[] {
    const byName = new Map(manifests.map((manifest) => [manifest.name, manifest]));
    const faults: AppFault[] = [];
    const absent = (message: string): unknown => faults.push({ message, isAbsence: true });
    const wrong = (message: string): unknown => faults.push({ message, isAbsence: false });
    for (const name of this.#tasks.keys()) if (!byName.has(name)) absent(`tasks.${name}: there is no such task`);
    for (const [i, { from, topic, to }] of this.edges.entries()) {
      const edge = `edges[${i + 1}]`;
      const [source, target] = [byName.get(from), byName.get(to)];
      if (source === undefined) absent(`${edge}.from: there is no task "${from}"`);
      else if (!source.grants.publish.some((filter) => filterCovers(filter, topic))) {
        wrong(`${edge}.topic: ${from} is not granted to publish to ${topic}`);
      }
      if (target === undefined) absent(`${edge}.to: there is no task "${to}"`);
      else if (!target.triggers.some(({ pattern }) => filtersOverlap(pattern.filter, topic))) {
        wrong(`${edge}.topic: no trigger of ${to} matches ${topic}`);
      }
    }
    return faults;
  }
}
