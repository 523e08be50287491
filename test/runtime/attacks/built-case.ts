/** A component built against the passes or the compilers, and what shall become of it and of the hub. */
import type { Test } from 'tap';
import { attack, isInstalled, MiB, type Attacked, type Refused } from './attacked.js';
import { around, coreModule, type CoreShape } from './core-module.js';
import type { InstalledTask } from '../../../runtime/index.js';

export interface BuiltCase {
  readonly shape: () => CoreShape;
  /** Why it is refused; without it, it is prepared and runs. */
  readonly refused?: RegExp;
  /** How far a pass gets with it is a matter of the memory that it happens to need: it may be refused for that. */
  readonly mayNeedTooMuch?: true;
  /** What a run of it ends with, if it is not completed. */
  readonly outcome?: string;
}

/** What the hub's process may gain while it is dealt with, besides the file itself, of which there are three copies at times. */
const GROWTH_BYTES = 256 * MiB;

/**
 * The event loop's delay, 99th percentile, which is the longest one where a case takes little time: 3 to 7 ms when the
 * machine has nothing else to do, and as long as the machine does something else if it has.
 */
export const DELAY_P99_MS = 250;

/** How long it may take to be prepared or refused: up to 3 s when the machine has nothing else to do. */
const ANSWER_MS = 30_000;

/** Says what shall happen to it. */
export function expectationOf({ refused, mayNeedTooMuch, outcome = 'completed' }: BuiltCase): string {
  if (mayNeedTooMuch === true) return 'prepared, or refused for the memory that it needs';
  return refused === undefined ? `prepared, and a run ends as ${outcome}` : 'refused by name';
}

/** Installs it in a runtime, runs it if it can be, and looks at what that cost the process. */
export async function tryCase(
  t: Test,
  attacked: Attacked,
  { shape, refused, mayNeedTooMuch, outcome = 'completed' }: BuiltCase,
): Promise<void> {
  const component = await around(coreModule(shape()));
  await costsLittle(t, attacked, 3 * component.length, async () => {
    const answer = await attacked.install(component);
    if (refused !== undefined) {
      t.match(answer, { code: /^(component-|provision-bound)/, message: refused });
      return;
    }
    if (mayNeedTooMuch === true && !isInstalled(answer)) {
      t.match(answer, { code: 'provision-bound', message: /needs more than \d+ MiB/ });
      return;
    }
    if (!t.ok(isInstalled(answer), (answer as Refused).message)) return;
    const [ended] = await attacked.run(attack(answer as InstalledTask, { fuel: 1e12, deadlineMs: 1_500 }));
    t.equal(ended?.outcome.kind, outcome);
  });
}

/** Whatever is done, the process gains little besides what it is entitled to, and its event loop is not held up. */
export async function costsLittle(
  t: Test,
  attacked: Attacked,
  entitledBytes: number,
  action: () => Promise<void>,
): Promise<void> {
  const { peakBytes: before } = await attacked.measure();
  const from = performance.now();
  await action();
  const ms = performance.now() - from;
  const { peakBytes, delayP99Ms, delayMaxMs } = await attacked.measure();
  const growth = peakBytes - before - entitledBytes;
  t.ok(ms < ANSWER_MS, `after ${ms.toFixed(0)} ms`);
  t.ok(growth < GROWTH_BYTES, `${(growth / MiB).toFixed(0)} MiB more than before`);
  t.ok(
    delayP99Ms < DELAY_P99_MS,
    `the event loop is delayed by ${delayP99Ms.toFixed(1)} ms, at most ${delayMaxMs.toFixed(0)}`,
  );
}
