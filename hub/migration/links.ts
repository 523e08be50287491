import { PROTOCOL_TIMES } from '../../provider/protocol/index.js';
import type { MigrationMessage, Terms } from '../../provider/protocol/migration/index.js';
import type { Fuel, RunRequest, Usage } from '../../runtime/index.js';
import type { DeployedTask } from '../registry/index.js';
import type { HubLoad, Outlook } from './selection.js';

/** Of a run, or a part of one. */
export type Used = Pick<Usage, 'fuel' | 'wallMs'>;

/** The providers, as far as runs that move need them. */
export interface Links {
  /** Why a run must not execute at a provider, or cannot now; undefined when it may. */
  refusal(provider: string, task: DeployedTask, request: RunRequest): string | undefined;
  /**
   * Whether there is a link with a provider for runs of this version of a task: it takes that, or another one is in force
   * and it goes on with those that are there.
   */
  isLinked(provider: string, task: DeployedTask): boolean;
  /** Why runs of this version of a task are not to stay with a provider that is heard; undefined when they may. */
  recalls(provider: string, task: DeployedTask): string | undefined;
  /** The versions of which a provider has runs, or may have: what these may read is sent there, whichever is in force. */
  hold(provider: string, versions: readonly DeployedTask[]): void;
  /** @returns whether it was taken: there is a link. */
  send(provider: string, message: MigrationMessage): boolean;
  /** Whether something of a migration is not yet on its way. */
  isSending(provider: string, id: string): boolean;
  /** How long a link may be silent. */
  leaseMs(provider: string): number;
  /** It has sent what cannot be right, and is not asked again. */
  fault(provider: string, reason: string): void;
  /** The provider at which a run of the task would be over first, or that one; undefined when none takes it. */
  outlook(task: DeployedTask, provider: string | undefined): (Outlook & { readonly provider: string }) | undefined;
  /** What runs are under here. */
  here(): Pick<HubLoad, 'fuelPerMs' | 'weight'>;
  /** A run of the task that moved is over, and took so much in all. */
  ended(task: DeployedTask, request: RunRequest, fuel: Fuel): void;
  /** So much of a run of the task was executed at a provider. */
  executed(provider: string, task: DeployedTask, used: Used): void;
  /** The provider that executes a run as a whole; undefined for any other run. */
  wholeAt(runId: string): string | undefined;
  /** What a run waits for that has begun and that no provider takes now, in words; undefined for any other run. */
  waitsFor(runId: string): string | undefined;
  /** Whether runs move of their own accord. */
  readonly areSelected: boolean;
  /**
   * What is known now of a run of the task, and what the application asks for: see `Terms`. What it does not name is for
   * the hub to say.
   */
  prospects(
    task: DeployedTask,
    request: RunRequest,
  ): Pick<Terms, 'isForHere' | 'expectedFuel'> & Partial<Omit<Terms, 'executes'>>;
}

/** Told of what concerns runs that move. */
export interface Moves {
  /** A provider takes other tasks. */
  changed(provider: string): void;
  received(provider: string, message: MigrationMessage): void;
  /** Bytes that a checkpoint of a migration may have, not packed; undefined when nothing of it is looked at. */
  mostBytes(provider: string, id: string): number | undefined;
  /** A message about the migration of this id cannot be sent. */
  unsent(id: string, reason: string): void;
  /** The session with a provider is over. */
  lost(provider: string): void;
  /** Why a run that has begun, or is about to, cannot move to a provider; undefined when it can. */
  refusal(runId: string, provider: string): string | undefined;
  /** Has a run move that is about to stand still at its beginning, and which `refusal` has nothing against. @param why In a sentence. */
  begin(runId: string, provider: string, why: string): void;
  /** Runs that execute at a provider, and take turns there. */
  runsAt(provider: string): number;
  /** What the hub is under has changed. */
  adapted(): void;
  /** Nobody is to count on another one: the provider is at fault, or does not know this hub. */
  gone(provider: string, reason: string): void;
}

/** Those of a hub without providers. */
export const NO_LINKS: Links = {
  refusal: () => 'the hub was started without --app: all runs execute here',
  isLinked: () => false,
  recalls: () => undefined,
  hold: () => undefined,
  send: () => false,
  isSending: () => false,
  leaseMs: () => PROTOCOL_TIMES.leaseMs,
  fault: () => undefined,
  outlook: () => undefined,
  here: () => ({ fuelPerMs: 1, weight: 1 }),
  ended: () => undefined,
  executed: () => undefined,
  wholeAt: () => undefined,
  waitsFor: () => undefined,
  areSelected: false,
  prospects: () => ({ isForHere: true, expectedFuel: 0 }),
};
