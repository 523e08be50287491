/** Bounds of suspending, each with its reason. */
import { PAGE_BYTES } from '../../limits.js';
import type { Bytes } from '../../task.js';
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

/**
 * The module that handles events, as it came. Asyncify takes up to 400 bytes of memory and 50 us of processor time for
 * each of its bytes: with more, preparing it would take gigabytes and minutes on a hub. SQLite has 1.2 MiB. A JavaScript
 * engine has 12: it took 4.5 GiB and four minutes, and what came out had functions with more locals than engines take.
 */
export const SUSPENDED_MODULE_BYTES: Bytes = 4 * 1024 * 1024;
