/** What `--report` may be. */
export const REPORT_FORMATS = ['lines', 'json', 'quiet'] as const;
export type ReportFormat = (typeof REPORT_FORMATS)[number];
