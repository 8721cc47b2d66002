import type { Spread } from "./spread.ts";

/** Stands where a ratio would, in a table whose control varied too much. */
export const TOO_NOISY = "too noisy";

/** Null: this row has no such figure. */
export type Cell = Spread | typeof TOO_NOISY | null;

export type TableRow = { name: string; cells: Cell[] };

/** One table of a run: what was measured, how, and how quiet the machine was meanwhile. */
export type Table = {
  /** Also the name of its chart. */
  name: string;
  title: string;
  /** How it was measured, in sentences. */
  method: string;
  rowTitle: string;
  columns: string[];
  rows: TableRow[];
  chart: Chart;
  rounds: { done: number; wanted: number };
  /** Null where nothing in the table is a time. */
  control: ControlReport | null;
  /** One sentence for the README; null where the table has none, or no ratio to say it with. */
  headline: string | null;
};

/** Which column the chart draws, and whether on a scale of powers of ten. */
export type Chart = { column: string; isLogarithmic?: boolean };

/** How much each control varied, and whether that was too much. */
export type ControlReport = { spreads: Record<string, number>; isTooNoisy: boolean };

/** What `bench/results.json` holds. */
export type Results = { machine: string; tables: Table[] };

/** A row's figure of a column; null without one. */
export function cellOf({ columns, rows }: Table, name: string, column: string): Cell {
  return rows.find((row) => row.name === name)?.cells[columns.indexOf(column)] ?? null;
}

/** The median of a row's figure; null without one, or where it is too noisy. */
export function medianOf(table: Table, name: string, column: string): number | null {
  const cell = cellOf(table, name, column);
  return cell === null || cell === TOO_NOISY ? null : cell.median;
}
