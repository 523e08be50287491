/** Machines that break one rule each: what has to be found out. */
import {
  createMachine,
  SAFETY_RULES,
  type Action,
  type Machine,
  type Stub,
} from '../../../../provider/protocol/responsibility/index.js';

const sound = createMachine();

export const FLAWS = {
  'an older epoch is admitted': createMachine({ ...SAFETY_RULES, admits: () => true }),
  'a result is accepted before its point is held': createMachine({
    ...SAFETY_RULES,
    releasable: (stub: Stub) => stub.point,
  }),
  'a provider takes back what it has offered': createMachine({ ...SAFETY_RULES, mayTakeBack: () => true }),
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
