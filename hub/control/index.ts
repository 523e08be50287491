/** The door of control: what a running hub is asked and told. */
export { Control, type Invocation, type TaskStatus } from './control.js';
