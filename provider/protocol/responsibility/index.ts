/** The door of the responsibility protocol: who executes a run that moves, and when effects are released. No I/O. */
export { createMachine } from './machine.js';
export type { Action, Input, Message } from './messages.js';
export { isExecutor, mayExecute, SAFETY_RULES, type SafetyRules, type State } from './rules.js';
export { NEW_RUN, NO_RUN, type Proposal, type Side, type Stub } from './stub.js';
