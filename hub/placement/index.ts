/** The door of placement: where runs execute, and why. */
export { parseApp } from './parse-app.js';
export { Placement } from './placement.js';
export { hottest, isHot, type ThermalZone } from './temperature.js';
export { isOnBattery, type PowerSupply } from './power-supply.js';
export { planTasks } from './remote-configuration.js';
