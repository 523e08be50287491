import type { InstalledTask } from '../../runtime/index.js';

/** In place of a `PreparedFolder`: nothing goes. */
export const ALL_ARE_KEPT = {
  during: (install: () => Promise<InstalledTask>): Promise<InstalledTask> => install(),
  release: (): void => undefined,
};
