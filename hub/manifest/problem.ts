/** One thing wrong with a manifest. */
export interface Problem {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  /** Dotted path of the key, such as "limits.fuel"; empty for a fault of syntax. */
  readonly key: string;
  /** What was wrong and what would be right. */
  readonly message: string;
}

/** One line, in the form that editors and terminals make clickable: `file:line: key: message`. */
export function formatProblem(problem: Problem): string {
  const key = problem.key === '' ? '' : `${problem.key}: `;
  return `${problem.file}:${problem.line}: ${key}${problem.message}`;
}
