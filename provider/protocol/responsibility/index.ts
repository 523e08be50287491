/** The door of the responsibility protocol: who executes a run that moves, and when effects are released. No I/O. */
export { RESPONSIBILITY_BOUNDS } from './limits.js';
export { createMachine, type Machine } from './machine.js';
export type { Action, Input, Message, PointMessage, Wait } from './messages.js';
export {
  hasForgotten,
  isExecutor,
  isResponsible,
  mayExecute,
  SAFETY_RULES,
  waitToTake,
  type SafetyRules,
  type State,
} from './rules.js';
export { executorOf, NEW_RUN, NO_RUN, type Proposal, type Side, type Stub } from './stub.js';
