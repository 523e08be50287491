/** One line of the table that `npm run bench` prints. */
export interface Row {
  readonly measure: string;
  /** With its unit. */
  readonly value: string;
  /** Against what the measure names, taken in the same run. */
  readonly ratio?: number;
  /** What the ratio should be. */
  readonly aim?: { readonly most: number } | { readonly least: number };
}
