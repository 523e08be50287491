/** Bounds of suspending, each with its reason. */
import { PAGE_BYTES } from '../../limits.js';
import { CALL_STACK_BYTES } from '../meter/costs.js';

/**
 * What the frames of a suspended run may come to. A frame is put away in fewer bytes than it is counted with: four and
 * its live locals, against `FRAME_BYTES` and all of them; twice that is room for values in the middle of an expression.
 * Only what is written of it has memory behind it.
 */
export const UNWIND_STACK_PAGES = (2 * CALL_STACK_BYTES) / PAGE_BYTES;
