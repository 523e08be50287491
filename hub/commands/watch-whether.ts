import type { Timer } from '../timer.js';

export interface Watch {
  readonly timer: Pick<Timer, 'after'>;
  readonly everyMs: number;
  /** Never rejects. @param before What it was at the last look. */
  readonly look: (before: boolean) => Promise<boolean>;
  /** Called when it is not as it was before; at first it did not hold. */
  readonly changed: (holds: boolean) => void;
}

/** Looks now and then whether something holds. @returns what ends it; nothing is called after that. */
export function watchWhether({ timer, everyMs, look, changed }: Watch): () => void {
  let before = false;
  let isEnded = false;
  let takeBack: () => void = () => undefined;
  const next = async (): Promise<void> => {
    const now = await look(before);
    if (isEnded) return;
    if (now !== before) changed(now);
    before = now;
    takeBack = timer.after(everyMs, () => void next());
  };
  void next();
  return () => {
    isEnded = true;
    takeBack();
  };
}
