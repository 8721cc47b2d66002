import { linesOf, roundsOf } from "./document.ts";
import type { Table } from "./table.ts";

const GAP = "  ";

/** A table for a terminal. */
export function printed(table: Table): string {
  const lines = linesOf(table);
  const widths = lines[0]!.map((_, at) => Math.max(...lines.map((line) => line[at]!.length)));
  const toLine = (line: readonly string[]) =>
    line
      .map((text, at) => (at === 0 ? text.padEnd(widths[at]!) : text.padStart(widths[at]!)))
      .join(GAP);
  const rounds = roundsOf(table).replaceAll("_", "");
  return `\n${table.title}\n${table.method}\n${rounds}\n\n${lines.map(toLine).join("\n")}\n`;
}
