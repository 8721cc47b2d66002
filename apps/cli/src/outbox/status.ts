import type { DeploymentStats } from "@klipstream/client";
import { formatDuration } from "@klipstream/contract";

import { type DefineCommand, examples } from "../command/command.ts";
import { EXIT_CODES } from "../command/exitCodes.ts";
import { type Column, printTable } from "../output/table.ts";
import { isBalanced, withOutbox } from "./openOutbox.ts";

export const defineOutboxStatus: DefineCommand = (command, cli) =>
  command
    .option("--json", "print data as JSON")
    .addHelpText(
      "after",
      examples(["klipstream outbox status", "how much waits for which deployment"]) +
        "\n\nThe invariant is: accepted = acknowledged + pending + dead. Exits 1 where it does not hold.",
    )
    .action(async ({ json }) => {
      const { context, output } = cli;
      const { path, stats } = await withOutbox(context, (inspector) => ({
        path: inspector.path,
        stats: inspector.stats(),
      }));
      if (json === true)
        output.json({
          path,
          deployments: stats.map((one) => ({ ...one, holds: isBalanced(one) })),
        });
      else {
        output.talk(path);
        printTable(output, columns(context.now()), stats);
      }
      if (!stats.every(isBalanced)) cli.exitCode = EXIT_CODES.FAILED;
    });

function columns(now: number): Column<DeploymentStats>[] {
  return [
    { header: "DEPLOYMENT", value: ({ deployment }) => deployment, shrink: "middle" },
    { header: "ACCEPTED", value: ({ accepted }) => String(accepted) },
    { header: "ACKNOWLEDGED", value: ({ acknowledged }) => String(acknowledged) },
    { header: "PENDING", value: ({ pending }) => String(pending) },
    { header: "DEAD", value: ({ deadLettered }) => String(deadLettered) },
    {
      header: "OLDEST",
      value: ({ oldestAcceptedAt }) =>
        oldestAcceptedAt === null ? "" : formatDuration(now - oldestAcceptedAt),
    },
    { header: "INVARIANT", value: (one) => (isBalanced(one) ? "holds" : "BROKEN") },
  ];
}
