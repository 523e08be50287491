import type { Journal } from './journal.js';
import type { StateChange } from '../store/index.js';

export interface ChangeKeeper {
  readonly journal: Pick<Journal, 'write'>;
  /** Resolves when all that was committed before is on disk. */
  readonly durable: () => Promise<void>;
}

/** Commits what is to be known after a restart, apart from any run's effects. Resolves when the disk has it. */
export async function keepChange(
  { journal, durable }: ChangeKeeper,
  change: Omit<StateChange, 'reads' | 'writes'>,
): Promise<void> {
  await new Promise<void>((resolve) => journal.write([{ reads: [], writes: [], ...change }], () => resolve()));
  await durable();
}
