/** What came of asking for a run to move. */
import type { Answer } from '../parking/index.js';

export const DONE: Answer = { ok: true };

export function no(reason: string): Answer {
  return { ok: false, reason };
}
