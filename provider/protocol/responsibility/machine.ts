/**
 * What each side does, and when: pure, the same for both. README.md beside it has the table of transitions and why the
 * effects come out right.
 */
import type { Action, HeldMessage, Input, Message, PointMessage } from './messages.js';
import {
  hasForgotten,
  isExecutor,
  mayExecute,
  SAFETY_RULES,
  waitToTake,
  type SafetyRules,
  type State,
} from './rules.js';
import { executorOf, nextEpochOf, NO_RUN, type Stub } from './stub.js';

interface Step {
  readonly state: State;
  readonly actions: readonly Action[];
}

/** Where an input leads, and what is said because of it. */
interface Turn {
  readonly state: State;
  readonly send?: Message | undefined;
}

export interface Machine {
  /** What an input leads to. Inputs that mean nothing now change nothing. */
  step(state: State, input: Input): Step;
  /** A side that begins with a stub: a new run, or after a crash. It has no link yet. */
  start(stub: Stub): Step;
}

/** The rules of both sides; a test passes broken ones. */
export function createMachine(rules: SafetyRules = SAFETY_RULES): Machine {
  return {
    step: (state, input) => settle(state, turn(state, input, rules), rules),
    start: (stub) => {
      const state = { ...stub, linked: false };
      return { state, actions: standing(state, rules) };
    },
  };
}

/** What a side does that is in this state and was in none. */
function standing(state: State, rules: SafetyRules): Action[] {
  if (mayExecute(state, rules)) return [{ type: 'resume', epoch: state.epoch, point: state.point }];
  const wait = waitToTake(state, rules);
  return wait === undefined ? [] : [{ type: 'wait', wait }];
}

function turn(state: State, input: Input, rules: SafetyRules): Turn {
  switch (input.type) {
    case 'linked': {
      const linked = { ...state, linked: true };
      return { state: linked, send: announcement(linked) };
    }
    case 'link-lost':
      return { state: { ...state, linked: false } };
    case 'resend':
      return { state, send: state.linked ? announcement(state) : undefined };
    case 'waited':
      return waitToTake(state, rules) === input.wait ? { state: takenOver(state) } : { state };
    case 'cancel':
      if (state.side !== 'hub' || state.over) return { state };
      return { state: { ...takenOver(state), end: true, over: true }, send: { type: 'over' } };
    case 'reached':
      return reached(state, input, rules);
    case 'message':
      return heard(state, input.message, rules);
  }
}

function reached(state: State, input: Input & { type: 'reached' }, rules: SafetyRules): Turn {
  const { epoch, point, proposal } = input;
  if (!mayExecute(state, rules) || epoch !== state.epoch || point !== state.point) return { state };
  // Without a link there is nobody to agree with: this side goes on.
  const agreed = state.linked ? proposal : { ...proposal, responsible: state.side, offer: false };
  const next = point + 1;
  const last = state.open.at(-1)?.responsible ?? state.agreed;
  const { responsible } = agreed;
  const open = responsible === last ? state.open : [...state.open, { point: next, responsible }];
  const after = { ...state, ...agreed, offer: agreed.offer && !agreed.end, point: next, open };
  return { state: after, send: after.linked ? pointMessage(after) : undefined };
}

function heard(state: State, message: Message, rules: SafetyRules): Turn {
  if (state.over) return { state, send: message.type === 'over' ? undefined : { type: 'over' } };
  switch (message.type) {
    case 'over':
      return state.side === 'provider' ? { state: { ...NO_RUN, linked: state.linked } } : { state };
    case 'point':
      return heardPoint(state, message, rules);
    case 'held':
      return heardHeld(state, message, rules);
    case 'nothing':
      return heardNothing(state, message.epoch);
  }
}

function heardPoint(state: State, message: PointMessage, rules: SafetyRules): Turn {
  if (executorOf(message.epoch) === state.side) return { state, send: announcement(state) };
  if (!rules.admits(state, message.epoch)) return { state, send: announcement(state) };
  const isNew = message.epoch !== state.epoch;
  if (hasForgotten(state, message)) return forgotten(state, message.epoch);
  if (!isNew && message.point <= state.point) return { state, send: announcement(state) };
  const { epoch, base, point, responsible, mode, offer, end } = message;
  const said = { epoch, base, point, responsible, mode, offer, end };
  const stored = { ...state, ...said, common: -1, agreed: responsible, open: [] };
  if (!offer) return { state: stored, send: announcement(stored) };
  const taken = { ...stored, epoch: epoch + 1, base: point, offer: false };
  return { state: taken, send: announcement(taken) };
}

/** This side has less than it has said. Of what is gone, nothing can be taken: the hub goes on with the rest, in another epoch. */
function forgotten(state: State, epoch: number): Turn {
  if (state.side === 'provider') return { state, send: { type: 'nothing', epoch } };
  const taken = takenOver({ ...state, epoch: Math.max(epoch, state.epoch) });
  return { state: taken, send: announcement(taken) };
}

function heardHeld(state: State, message: HeldMessage, rules: SafetyRules): Turn {
  const { epoch, point } = message;
  if (hasForgotten(state, message)) return forgotten(state, epoch);
  if (!isExecutor(state) || !rules.admits(state, epoch)) return { state, send: announcement(state) };
  if (point <= state.common || point > state.point) return { state };
  const agreed = state.open.findLast((each) => each.point <= point)?.responsible ?? state.agreed;
  const open = state.open.filter((each) => each.point > point);
  return { state: { ...state, common: point, agreed, open } };
}

/** The provider has lost its stub, or refuses. If it answers to the offer after all, that is of an older epoch. */
function heardNothing(state: State, epoch: number): Turn {
  if (state.side !== 'hub' || epoch !== state.epoch) return { state };
  const next = isExecutor(state) && !state.offer ? { ...state, common: -1 } : takenOver(state);
  return { state: next, send: announcement(next) };
}

/** Raises the epoch to one in which this side executes, from the last point that it holds. */
function takenOver(state: State): State {
  const { side, point } = state;
  const epoch = nextEpochOf(side, state.epoch);
  return { ...state, epoch, base: point, common: -1, responsible: side, agreed: side, open: [], offer: false };
}

/** What a side says when the other may not know how things stand. */
function announcement(state: State): Message | undefined {
  if (state.over) return { type: 'over' };
  if (state.epoch < 0) return undefined;
  if (isExecutor(state)) return pointMessage(state);
  return { type: 'held', epoch: state.epoch, point: state.point };
}

function pointMessage(state: State): PointMessage {
  const { epoch, base, point, common, responsible, mode, offer, end } = state;
  const proposal = { responsible, mode, offer, end };
  return { type: 'point', epoch, base, from: Math.max(base, common), point, whole: common < 0, ...proposal };
}

/** Compares before and after: what is released, what must be on disk first, who executes. */
function settle(before: State, { state: turned, send }: Turn, rules: SafetyRules): Step {
  const isHub = turned.side === 'hub';
  // A cancelled run is over already: nothing more of it is released.
  const through = isHub && !turned.over ? Math.max(turned.released, rules.releasable(turned)) : turned.released;
  const isOver = turned.over || (isHub && turned.end && through === turned.point);
  const state = { ...turned, released: through, over: isOver };
  const actions: Action[] = [];
  const runs = mayExecute(state, rules);
  const ran = mayExecute(before, rules);
  const goesOn = runs && ran && state.epoch === before.epoch;
  if (ran && !goesOn) actions.push({ type: 'halt' });
  if (!isSameStub(before, state)) actions.push(storing(before, state, turned.over));
  const word = state.over && !before.over ? announcement(state) : send;
  if (word !== undefined) actions.push({ type: 'send', message: word });
  if (runs && (!goesOn || state.point !== before.point)) {
    actions.push({ type: 'resume', epoch: state.epoch, point: state.point });
  }
  const wait = waitToTake(state, rules);
  if (wait !== undefined && wait !== waitToTake(before, rules)) actions.push({ type: 'wait', wait });
  return { state, actions };
}

function storing(before: State, state: State, isCancelled: boolean): Action {
  return {
    type: 'store',
    stub: stubOf(state),
    ...(state.released > before.released && { release: { after: before.released, through: state.released } }),
    ...(state.over && !before.over && { outcome: isCancelled ? ('cancelled' as const) : ('of-the-run' as const) }),
  };
}

function stubOf(state: State): Stub {
  const { linked, ...stub } = state;
  void linked;
  return stub;
}

/** By value: a key of the stub that is forgotten here would be one that is not stored. */
function isSameStub(a: State, b: State): boolean {
  return JSON.stringify(stubOf(a)) === JSON.stringify(stubOf(b));
}
