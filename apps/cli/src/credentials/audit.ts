import { z } from "zod";

import { countArgument } from "../command/arguments.ts";
import { type DefineCommand, examples } from "../command/command.ts";
import { createAdminClient } from "../deployment/adminClient.ts";
import { printRows } from "../output/table.ts";
import { formatTime } from "../output/text.ts";
import { OPERATORS_KEY } from "./operator.ts";

const MOST_ROWS = 1000;
const DEFAULT_ROWS = 50;

const rowSchema = z.object({
  at: z.number(),
  by: z.string(),
  action: z.string(),
  target: z.string(),
  detail: z.string().optional(),
});
type Row = z.infer<typeof rowSchema>;

const COLUMNS = [
  { header: "TIME", value: (row: Row) => formatTime(row.at) },
  { header: "BY", value: (row: Row) => row.by, shrink: "end" as const },
  { header: "ACTION", value: (row: Row) => row.action },
  { header: "OF", value: (row: Row) => row.target, shrink: "end" as const },
  { header: "DETAIL", value: (row: Row) => row.detail ?? "", shrink: "end" as const },
];

export const defineAudit: DefineCommand = (command, cli) =>
  command
    .option("--limit <count>", "how many rows", countArgument(MOST_ROWS), DEFAULT_ROWS)
    .option("--json", "print data as JSON")
    .addHelpText(
      "after",
      examples(["klipstream audit", "who made, bound, disabled, revoked and rotated what"]) +
        "\n\nRows are kept for a year." +
        OPERATORS_KEY,
    )
    .action(async ({ limit, json }) => {
      const { context, output } = cli;
      const answer = await createAdminClient(context).run("audit:list", { limit });
      const rows = z.array(rowSchema).parse(answer);
      printRows(output, { json, rows, columns: COLUMNS, none: "nothing was done yet" });
    });
