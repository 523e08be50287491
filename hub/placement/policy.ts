/** Where the runs of a task may execute. */
export const PLACEMENT_POLICIES = ['local-only', 'prefer-local', 'prefer-remote', 'remote-only', 'auto'] as const;
export type PlacementPolicy = (typeof PLACEMENT_POLICIES)[number];

/** Topics whose messages never leave the hub, whatever else is said. */
export const LOCAL_TOPICS = 'local/#';

/** What operators call their providers' machines, and applications prefer. */
export const DEVICE_CLASS = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** What is asked of a task's placement. */
export interface TaskPlacement {
  readonly policy: PlacementPolicy;
  /** In one sentence: where the policy comes from. */
  readonly reason: string;
}
