/** The door of placement: where runs execute, and why. */
export { parseApp } from './parse-app.js';
export { Placement, type PlannedNow } from './placement.js';
export type { ProviderStatus, TaskThere } from '../session/index.js';
export { hottest, isHot, type ThermalZone } from './temperature.js';
export { isOnBattery, type PowerSupply } from './power-supply.js';
export { planTasks, type Conditions, type PlannedTask } from './remote-configuration.js';
