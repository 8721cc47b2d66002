import cliTruncate from "cli-truncate";
import stringWidth from "string-width";

import type { Output } from "./output.ts";
import { printable } from "./text.ts";

export type Column<Row> = {
  header: string;
  value: (row: Row) => string;
  /** Colours a cell that has its final width already. */
  paint?: (row: Row, cell: string) => string;
  /** Where a cell is cut when the table is too wide. A column without it keeps its width. */
  shrink?: "end" | "middle";
};

const GAP = "  ";
const MIN_WIDTH = 8;

/** Prints rows as a table that fits the terminal. */
export function printTable<Row>(
  output: Output,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
): void {
  output.data(...layOutTable(columns, rows, output.width));
}

/**
 * Prints rows as JSON or as a table.
 *
 * @param list.none - What to say instead of an empty table.
 */
export function printRows<Row>(
  output: Output,
  list: {
    json: true | undefined;
    columns: readonly Column<Row>[];
    rows: readonly Row[];
    none: string;
  },
): void {
  if (list.json === true) output.json(list.rows);
  else if (list.rows.length === 0) output.talk(list.none);
  else printTable(output, list.columns, list.rows);
}

/**
 * Lays rows out as a table.
 *
 * @param width - Columns of the terminal, or null to keep every cell whole (a pipe, a file).
 * @returns Lines without trailing spaces, the header first.
 */
export function layOutTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  width: number | null,
): string[] {
  const cells = rows.map((row) => columns.map(({ value }) => printable(value(row))));
  const widths = columns.map(({ header }, index) =>
    Math.max(stringWidth(header), ...cells.map((line) => stringWidth(line[index] ?? ""))),
  );
  if (width !== null) shrinkToFit(columns, widths, width);
  const fit = (text: string, index: number) => {
    const target = widths[index] ?? 0;
    const cut = cliTruncate(text, target, { position: columns[index]?.shrink ?? "end" });
    return cut + " ".repeat(Math.max(0, target - stringWidth(cut)));
  };
  const header = columns.map((column, index) => fit(column.header, index)).join(GAP);
  const body = rows.map((row, line) =>
    columns
      .map((column, index) => {
        const cell = fit(cells[line]?.[index] ?? "", index);
        return column.paint === undefined ? cell : column.paint(row, cell);
      })
      .join(GAP),
  );
  return [header, ...body].map((line) => line.trimEnd());
}

/** Makes the widest column that may shrink one character narrower, until the table fits: so all of them stay readable. */
function shrinkToFit<Row>(
  columns: readonly Column<Row>[],
  widths: number[],
  available: number,
): void {
  const gaps = GAP.length * (columns.length - 1);
  let excess = widths.reduce((sum, width) => sum + width, gaps) - available;
  while (excess > 0) {
    let widest = -1;
    for (const [index, column] of columns.entries()) {
      const width = widths[index] ?? 0;
      if (column.shrink === undefined || width <= MIN_WIDTH) continue;
      if (widest === -1 || width > (widths[widest] ?? 0)) widest = index;
    }
    if (widest === -1) return;
    widths[widest] = (widths[widest] ?? 0) - 1;
    excess -= 1;
  }
}
