/** The door of the report: what a person sees. */
export { linesReport } from './lines-report.js';
