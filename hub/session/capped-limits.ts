/** Limits that a provider has lowered, and whether a run came to them: pure. */
import type { Limits, Outcome, RunResult } from '../../runtime/index.js';

/** What a run may use at a provider, where that is less than its own. */
export type Caps = Partial<Limits>;

/** The outcome that each limit ends a run with. The log has none: it is cut. */
const ENDS: Readonly<Record<keyof Limits, Outcome['kind'] | undefined>> = {
  fuel: 'out-of-fuel',
  memoryBytes: 'out-of-memory',
  deadlineMs: 'deadline',
  outputBytes: 'output-limit',
  logBytes: undefined,
};

const NAMES: readonly (keyof Limits)[] = ['fuel', 'memoryBytes', 'deadlineMs', 'outputBytes', 'logBytes'];

/** Undefined when it has all of its own. */
export function capsOf(own: Limits, there: Limits): Caps | undefined {
  const capped = NAMES.filter((name) => there[name] < own[name]);
  if (capped.length === 0) return undefined;
  return Object.fromEntries(capped.map((name) => [name, there[name]]));
}

/** What was asked for and what a run has there, of each limit that is lower. */
export type LoweredLimits = {
  readonly [name in keyof Limits]?: { readonly asked: number; readonly there: number };
};

export function loweredFrom(asked: Limits, caps: Caps): LoweredLimits {
  const lowered = NAMES.flatMap((name) => {
    const there = caps[name];
    return there === undefined ? [] : [[name, { asked: asked[name], there }] as const];
  });
  return Object.fromEntries(lowered);
}

/** The first limit above what was asked for, in words: no provider has a reason to. */
export function raisedLimit(own: Limits, there: Limits): string | undefined {
  const raised = NAMES.find((name) => there[name] > own[name]);
  return raised && `${raised} is ${own[raised]}, and the provider makes it ${there[raised]}`;
}

/**
 * Whether a run could have gone another way under its own limits: then it is to be executed under these.
 *
 * A run that completes within lower limits, and has not found out about them, is the run that it is anywhere. One that
 * trapped has paid to the end of a slice, which is smaller near the limit of fuel.
 * @returns the limit, in words; undefined when its result is good.
 */
export function cameToCap({ outcome, noticed, droppedLogLines, usage }: RunResult, caps: Caps): string | undefined {
  for (const name of NAMES) {
    const most = caps[name];
    if (most === undefined) continue;
    const isEnd = outcome.kind === ENDS[name] || (name === 'fuel' && outcome.kind === 'trapped');
    const isCut = name === 'logBytes' && (droppedLogLines > 0 || usage.logBytes >= most);
    if (isEnd || isCut || noticed?.includes(name) === true) return `its ${name} there is ${most}, below its own`;
  }
  return undefined;
}
