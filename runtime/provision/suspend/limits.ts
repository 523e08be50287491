/** Bounds of suspending, each with its reason. */
import { PAGE_BYTES } from '../../limits.js';
import { CALL_STACK_BYTES } from '../meter/costs.js';

/**
 * What the frames of a suspended run may come to. A frame is put away in fewer bytes than it is counted with: four and
 * its live locals, against `FRAME_BYTES` and all of them; twice that is room for values in the middle of an expression.
 * Only what is written of it has memory behind it.
 */
export const UNWIND_STACK_PAGES = (2 * CALL_STACK_BYTES) / PAGE_BYTES;

/** Where frames begin: in front of them is Asyncify's record of the stack, two i32. */
export const UNWIND_FIRST_FRAME = 16;

/** The most bytes of frames that there is room for. */
export const UNWIND_FRAMES_BYTES = UNWIND_STACK_PAGES * PAGE_BYTES - UNWIND_FIRST_FRAME;
