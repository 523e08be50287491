/** A table of text: columns of amounts to the right, all others to the left. Pure. */
export function textTable(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const columns = header.map((title, at) => {
    const cells = rows.map((row) => row[at] ?? '');
    const width = Math.max(title.length, ...cells.map(({ length }) => length));
    const isLeft = at === 0 || cells.some((cell) => !AMOUNT.test(cell));
    // Behind the last column there is nothing to line up.
    const isLast = at === header.length - 1;
    const place = (cell: string): string => (isLeft ? (isLast ? cell : cell.padEnd(width)) : cell.padStart(width));
    return { place, rule: '-'.repeat(isLast ? Math.min(width, RULE_WIDTH) : width) };
  });
  const line = (cells: readonly string[]): string =>
    columns
      .map(({ place }, at) => place(cells[at] ?? ''))
      .join('   ')
      .trimEnd();
  return [line(header), columns.map(({ rule }) => rule).join('   '), ...rows.map(line)];
}

/** "950", "12.3 k", "1.50 MiB", "0.3 s ago", and for none "-" or nothing. */
const AMOUNT = /^(?:-|[\d.]+(?: [A-Za-z]+)*)?$/;

/** Sentences in the last column are longer than a line across them should be. */
const RULE_WIDTH = 60;
