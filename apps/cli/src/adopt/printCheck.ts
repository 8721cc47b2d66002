import type { Cli } from "../command/command.ts";
import { type Column, printTable } from "../output/table.ts";
import type { TableCheck } from "./checkTable.ts";

const PROBLEMS_SHOWN = 20;

/** Prints what the table holds, and what adopting would make of it. */
export function printCheck({ output }: Cli, check: TableCheck): void {
  const table = <Row>(columns: readonly Column<Row>[], rows: readonly Row[]) => {
    if (rows.length === 0) return;
    output.data("");
    printTable(output, columns, rows);
  };
  const { documents, fits, becomes, problems, duplicates } = check;
  const kept = duplicates.reduce((sum, { count }) => sum + count - 1, 0);
  output.data(
    `documents          ${documents}`,
    `fit already        ${fits}`,
    `can be adopted     ${becomes}${kept === 0 ? "" : ` (${kept} of them into the history of a newer one)`}`,
    `cannot be adopted  ${problems.length}`,
  );
  table(
    [
      { header: "STATUS", value: ({ status }) => JSON.stringify(status), shrink: "end" },
      { header: "DOCUMENTS", value: ({ count }) => String(count) },
      {
        header: "BECOMES",
        value: ({ becomes: status }) => status ?? "? choose one in the mapping file",
      },
    ],
    check.statuses,
  );
  table(
    [
      { header: "FIELD", value: ({ field }) => field, shrink: "end" },
      { header: "DOCUMENTS", value: ({ count }) => String(count) },
      { header: "BECOMES", value: ({ becomes: field }) => field ?? "kept as it is, undocumented" },
    ],
    check.fields,
  );
  table(
    [
      { header: "TWITCH ID TWICE", value: ({ twitchId }) => twitchId },
      { header: "DOCUMENTS", value: ({ count }) => String(count) },
      { header: "BECOMES", value: () => "the newest is the video" },
    ],
    duplicates.slice(0, PROBLEMS_SHOWN),
  );
  table(
    [
      { header: "CANNOT BE ADOPTED", value: ({ id }) => id },
      { header: "WHY", value: ({ message }) => message, shrink: "end" },
    ],
    problems.slice(0, PROBLEMS_SHOWN),
  );
}
