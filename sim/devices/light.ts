import { field, stateOf, type Actuator } from '../device.js';

interface Light {
  readonly on: boolean;
  /** 0..254, as Zigbee has it. */
  readonly brightness: number;
}

/** Obeys `{"state":"ON"|"OFF"|"TOGGLE","brightness":0..254}` and answers with its state. */
export const light: Actuator<Light> = {
  kind: 'light',
  begin: () => ({ on: false, brightness: 254 }),
  obey: (state, command) => {
    const wish = stateOf(command);
    const level = field(command, 'brightness');
    const brightness = typeof level === 'number' && level >= 0 && level <= 254 ? Math.round(level) : undefined;
    if (wish === undefined && brightness === undefined) return undefined;
    const after: Light = {
      on: wish === undefined ? (brightness ?? 0) > 0 : wish === 'TOGGLE' ? !state.on : wish === 'ON',
      brightness: brightness ?? state.brightness,
    };
    return { state: after, report: { state: after.on ? 'ON' : 'OFF', brightness: after.brightness } };
  },
};
