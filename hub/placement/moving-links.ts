/** The providers as runs that move see them: where they may go, and what is said there. */
import { PROTOCOL_TIMES } from '../../provider/protocol/index.js';
import { filterMatches, type RunRequest } from '../../runtime/index.js';
import type { Links } from '../migration/index.js';
import type { DeployedTask } from '../registry/index.js';
import type { RemoteProvider } from '../session/index.js';
import type { Edge } from './app.js';
import type { PlannedTask } from './remote-configuration.js';

export interface MovingLinksParts {
  readonly provider: (name: string) => RemoteProvider | undefined;
  readonly names: readonly string[];
  readonly planned: (task: string) => PlannedTask | undefined;
  /** Why a run must not leave the hub; undefined when it may. */
  readonly keptHere: (task: string, request: RunRequest) => string | undefined;
  /** Whether it is this version that providers were told of. */
  readonly isInForce: (task: DeployedTask) => boolean;
  readonly expectedFuel: (task: string, payloadBytes: number) => number;
  readonly edges: readonly Edge[];
}

export function movingLinks(parts: MovingLinksParts): Links {
  const { provider: find, names, planned, keptHere, isInForce, expectedFuel, edges } = parts;
  return {
    refusal: (name, task, request) => {
      const provider = find(name);
      if (provider === undefined) {
        const known = names.length === 0 ? 'this hub has none: sterna provider add' : `there are ${names.join(', ')}`;
        return `there is no provider "${name}": ${known}`;
      }
      const plan = planned(task.manifest.name);
      if (plan?.isRemote === false) return plan.reason;
      const kept = keptHere(task.manifest.name, request);
      if (kept !== undefined) return `it must execute here, as ${kept}`;
      if (provider.isFaulty) return `the provider ${name} was at fault: ${provider.status.reason}`;
      if (provider.capsOf(task.manifest.name) !== undefined) {
        return `the provider ${name} lowers the limits of its task, and a run has those that it began with`;
      }
      return provider.refusalOf(task.manifest.name);
    },
    isLinked: (name, task) => {
      const provider = find(name);
      return provider !== undefined && !provider.isFaulty && isInForce(task) && provider.takes(task.manifest.name);
    },
    send: (name, message) => find(name)?.move(message) ?? false,
    isSending: (name, id) => find(name)?.isMoving(id) ?? false,
    leaseMs: (name) => find(name)?.leaseMs ?? PROTOCOL_TIMES.leaseMs,
    fault: (name, reason) => find(name)?.fault(reason),
    prospects: ({ manifest }, { event }) => ({
      isForHere: isForHere(manifest, edges),
      expectedFuel: expectedFuel(manifest.name, event.payload.length),
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
