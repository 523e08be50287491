/** Bounds of what routing remembers. */
export const REGISTRY_BOUNDS = {
  /** Topics whose matches are remembered; a device repeats the few it has. */
  cachedTopics: 4_096,
  /** Longer topics are matched anew each time, so that the cache stays under about 2 MB. */
  cachedTopicLength: 256,
} as const;
