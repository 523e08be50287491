import type { TaskThere } from '../api/index.js';
import { bytesText, durationText, fuelText } from '../report/index.js';

/** What a provider has said of a task, in words. */
export function thereText({ state, reason, lowered }: TaskThere): string {
  switch (state) {
    case 'refused':
      return `refused: ${reason ?? ''}`;
    case 'not-ready':
      return 'not ready yet';
    case 'taken':
      return lowered === undefined ? 'taken' : `taken, with less: ${loweredText(lowered)}`;
  }
}

function loweredText(lowered: NonNullable<TaskThere['lowered']>): string {
  const parts = Object.entries(lowered).map(([name, { asked, there }]) => {
    const { called, text } = SHOWN[name] ?? { called: name, text: String };
    return `${called} ${text(asked)} -> ${text(there)}`;
  });
  return parts.join(', ');
}

/** By the names of limits, what a manifest calls them and how they are written. */
const SHOWN: Readonly<Record<string, { readonly called: string; readonly text: (value: number) => string }>> = {
  fuel: { called: 'fuel', text: fuelText },
  memoryBytes: { called: 'memory', text: bytesText },
  deadlineMs: { called: 'deadline', text: durationText },
  outputBytes: { called: 'output', text: bytesText },
  logBytes: { called: 'log', text: bytesText },
};
