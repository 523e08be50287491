/** The door of the report: what a person sees. */
export { linesReport } from './lines-report.js';
export { printable } from './printable.js';
export { bytesText, durationText, fuelText } from './quantity.js';
export { textTable } from './table.js';
