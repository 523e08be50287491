import type { Row } from './row.js';

const HEADINGS = ['measure', 'value', 'ratio', 'aim', ''];

/** Lays rows out in columns, numbers to the right. */
export function table(rows: readonly Row[]): string {
  const cells = [HEADINGS, ...rows.map(cellsOf)];
  const widths = HEADINGS.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells.map((row) => line(row, widths)).join('\n');
}

function line(row: readonly string[], widths: readonly number[]): string {
  const padded = row.map((cell, column) => {
    const width = widths[column] ?? 0;
    return column === 1 || column === 2 ? cell.padStart(width) : cell.padEnd(width);
  });
  return padded.join('  ').trimEnd();
}

function cellsOf(row: Row): string[] {
  const ratio = row.ratio === undefined ? '' : row.ratio.toFixed(2);
  if (row.aim === undefined || row.ratio === undefined) return [row.measure, row.value, ratio, '', ''];
  const most = 'most' in row.aim;
  const bound = 'most' in row.aim ? row.aim.most : row.aim.least;
  const reached = most ? row.ratio <= bound : row.ratio >= bound;
  return [row.measure, row.value, ratio, `${most ? '<=' : '>='} ${bound}`, reached ? 'reached' : 'missed'];
}
