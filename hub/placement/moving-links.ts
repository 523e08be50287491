/** The providers as runs that move see them: where they may go, and what is said there. */
import { PROTOCOL_TIMES } from '../../provider/protocol/index.js';
import { filterMatches, type Fuel, type RunRequest } from '../../runtime/index.js';
import { MANIFEST_DEFAULTS } from '../manifest/limits.js';
import type { Links, Used } from '../migration/index.js';
import type { DeployedTask } from '../registry/index.js';
import type { RemoteProvider } from '../session/index.js';
import type { Edge } from './app.js';
import { PLACEMENT_BOUNDS } from './limits.js';
import type { MovingPreferences } from './moving-preferences.js';
import type { PlannedTask } from './remote-configuration.js';

export interface MovingLinksParts {
  readonly provider: (name: string) => RemoteProvider | undefined;
  readonly names: readonly string[];
  readonly planned: (task: string) => PlannedTask | undefined;
  /** Why a run must not leave the hub; undefined when it may. */
  readonly keptHere: (task: string, request: RunRequest) => string | undefined;
  /** Whether it is this version that providers were told of. */
  readonly isInForce: (task: DeployedTask) => boolean;
  /** Whether runs of a version that is not in force may go on at the providers that have them. */
  readonly mayGoOn: (task: DeployedTask) => boolean;
  readonly hold: Links['hold'];
  readonly expectedFuel: (task: string, payloadBytes: number) => number;
  readonly edges: readonly Edge[];
  /** The provider that executes a run as a whole; undefined for any other run. */
  readonly elsewhere: (runId: string) => string | undefined;
  /** The provider that executes a run as a whole, whatever its task is. */
  readonly wholeAt: (runId: string) => string | undefined;
  /** What a run waits for that has begun, in words; undefined for one that waits for no provider. */
  readonly waitsFor: (runId: string) => string | undefined;
  /** The one at which a run of the task would be over first. */
  readonly best: (task: string) => RemoteProvider | undefined;
  /** Of a task at a provider, or here without one. */
  readonly speedOf: (
    task: string | undefined,
    provider: string | undefined,
  ) => { fuelPerMs: number; isMeasured: boolean };
  readonly noteFuel: (task: string, payloadBytes: number, fuel: Fuel) => void;
  readonly noteSpeed: (provider: string, task: string, used: Used) => void;
  /** How much more work here counts. */
  readonly weight: () => number;
  /** What the application says of runs of a task that move. */
  readonly preferred: (task: string) => MovingPreferences;
  readonly areSelected: boolean;
}

export function movingLinks(parts: MovingLinksParts): Links {
  const { provider: find, names, planned, keptHere, isInForce, mayGoOn, expectedFuel, edges, speedOf } = parts;
  return {
    refusal: (name, task, request) => {
      const provider = find(name);
      if (provider === undefined) {
        const known =
          names.length === 0 ? 'this hub has none: "sterna provider add TOKEN"' : `this hub has ${names.join(', ')}`;
        return `there is no provider "${name}": ${known}`;
      }
      const plan = planned(task.manifest.name);
      if (plan?.isRemote === false) return plan.reason;
      const kept = keptHere(task.manifest.name, request);
      if (kept !== undefined) return `it must execute here, as ${kept}`;
      const whole = parts.elsewhere(request.runId);
      if (whole !== undefined) return `it began at the provider ${whole}, which executes it as a whole`;
      if (provider.isFaulty) return `the provider ${name} was at fault: ${provider.status.reason}`;
      return provider.refusalOf(task.manifest.name);
    },
    isLinked: (name, task) => {
      const provider = find(name);
      if (provider === undefined || provider.isFaulty) return false;
      return isInForce(task)
        ? provider.takes(task.manifest.name)
        : provider.goesOnWith(task.manifest.name) && mayGoOn(task);
    },
    recalls: (name, task) => {
      const provider = find(name);
      if (provider?.isReady !== true) return undefined;
      if (!isInForce(task)) return mayGoOn(task) ? undefined : 'its version must not leave the hub now';
      const plan = planned(task.manifest.name);
      return plan?.isRemote === false ? plan.reason : provider.rejects(task.manifest.name);
    },
    hold: (name, versions) => parts.hold(name, versions),
    send: (name, message) => find(name)?.move(message) ?? false,
    isSending: (name, id) => find(name)?.isMoving(id) ?? false,
    wholeAt: (runId) => parts.wholeAt(runId),
    waitsFor: (runId) => parts.waitsFor(runId),
    leaseMs: (name) => find(name)?.leaseMs ?? PROTOCOL_TIMES.leaseMs,
    fault: (name, reason) => find(name)?.fault(reason),
    outlook: ({ manifest }, name) => {
      const provider = name === undefined ? parts.best(manifest.name) : find(name);
      if (provider === undefined || !provider.takes(manifest.name)) return undefined;
      const speed = speedOf(manifest.name, provider.name);
      // What it says of itself counts until a run has told.
      const said = provider.capacity.fuelPerSecond / 1_000;
      return {
        provider: provider.name,
        fuelPerMs: speed.isMeasured || said === 0 ? speed.fuelPerMs : said,
        queueMs: provider.queueMs,
        roundTripMs: provider.roundTripMs ?? 0,
        bytesPerMs: PLACEMENT_BOUNDS.bytesPerMs,
      };
    },
    here: () => ({ fuelPerMs: speedOf(undefined, undefined).fuelPerMs, weight: parts.weight() }),
    ended: ({ manifest }, { event }, fuel) => parts.noteFuel(manifest.name, event.payload.length, fuel),
    executed: (name, { manifest }, used) => parts.noteSpeed(name, manifest.name, used),
    areSelected: parts.areSelected,
    prospects: ({ manifest }, { event }) => ({
      isForHere: isForHere(manifest, edges),
      isUrgent: manifest.schedule.priority > MANIFEST_DEFAULTS.priority,
      sparesHub: parts.weight() > 1,
      expectedFuel: expectedFuel(manifest.name, event.payload.length),
      ...parts.preferred(manifest.name),
    }),
  };
}

/** Whether some of what a task publishes wakes no other task of the application: then devices here wait for it. */
function isForHere(
  { name, grants }: Pick<DeployedTask['manifest'], 'name' | 'grants'>,
  edges: readonly Edge[],
): boolean {
  const topics = edges.filter(({ from }) => from === name).map(({ topic }) => topic);
  return grants.publish.some((filter) => !topics.some((topic) => filterMatches(filter, topic)));
}
