// Lays rows out in columns for a terminal.

/**
 * Columns are as wide as their widest cell, two spaces apart; no trailing spaces; ends with a newline. From column
 * `numbersFrom` on cells are numbers, which stand below each other by their ends.
 */
export function renderTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  numbersFrom = header.length,
): string {
  const lines = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const pad = (cell: string, column: number): string =>
    column < numbersFrom ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
  return lines
    .map((line) => line.map(pad).join("  ").trimEnd())
    .map((line) => `${line}\n`)
    .join("");
}

/** Cuts lines at `width` columns, where not much more than the last column is lost by it. */
export function cutLines(table: string, width: number): string {
  const lines = table.split("\n");
  const lastStart = Math.max(0, (lines[0] ?? "").lastIndexOf("  ") + 2);
  if (lastStart > width - 8) return table;
  return lines.map((line) => (line.length > width ? `${line.slice(0, width - 1)}…` : line)).join("\n");
}
