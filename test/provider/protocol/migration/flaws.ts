/** Machines that break one rule each: what has to be found out. */
import {
  createMachine,
  SAFETY_RULES,
  type Action,
  type Machine,
  type State,
  type Stub,
} from '../../../../provider/protocol/responsibility/index.js';

const sound = createMachine();

export const FLAWS = {
  'an older epoch is admitted': createMachine({ ...SAFETY_RULES, admits: () => true }),
  'a result is accepted before its point is held': createMachine({
    ...SAFETY_RULES,
    releasable: (stub: Stub) => stub.point,
  }),
  'a provider takes back what it has offered': {
    ...sound,
    step: (state, input) => {
      const step = sound.step(state, input);
      if (state.side !== 'provider' || !state.offer || input.type !== 'link-lost') return step;
      // As if the hub had never had it.
      const before: State = { ...step.state, epoch: state.epoch + 1, offer: false, responsible: 'provider' };
      return sound.step(before, { type: 'waited', wait: 'lease' });
    },
  },
  'a stub is kept after it was said': {
    ...sound,
    step: (state, input) => {
      const { state: next, actions } = sound.step(state, input);
      return { state: next, actions: [...actions.filter(isSent), ...actions.filter((action) => !isSent(action))] };
    },
  },
} satisfies Record<string, Machine>;

export type Flaw = keyof typeof FLAWS;

function isSent({ type }: Action): boolean {
  return type === 'send';
}
