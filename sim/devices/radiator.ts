import { stateOf, type Actuator } from '../device.js';

export interface Radiator {
  readonly on: boolean;
}

/** Obeys `{"state":"ON"|"OFF"}` and answers with its state; while it is on it warms its room. */
export const radiator: Actuator<Radiator> = {
  kind: 'radiator',
  begin: () => ({ on: false }),
  obey: (state, command) => {
    const wish = stateOf(command);
    if (wish === undefined) return undefined;
    const on = wish === 'TOGGLE' ? !state.on : wish === 'ON';
    return { state: { on }, report: { state: on ? 'ON' : 'OFF', running_state: on ? 'heat' : 'idle' } };
  },
};
