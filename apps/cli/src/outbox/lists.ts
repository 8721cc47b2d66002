import type { DeadLetter, Entry } from "@klipstream/client";
import { formatDuration } from "@klipstream/contract";

import { countArgument } from "../command/arguments.ts";
import { type DefineCommand, examples } from "../command/command.ts";
import { type Column, printRows } from "../output/table.ts";
import { chooseDeployments, withOutbox } from "./openOutbox.ts";

const LIMIT_MAX = 100_000;

export const defineOutboxList: DefineCommand = (command, cli) =>
  command
    .option("--all", "of every deployment, not only of the configured one")
    .option("--limit <count>", "how many, oldest first", countArgument(LIMIT_MAX), 100)
    .option("--json", "print data as JSON")
    .addHelpText("after", examples(["klipstream outbox list", "what waits, oldest first"]))
    .action(async ({ all, limit, json }) => {
      const { context, output } = cli;
      const rows = await withOutbox(context, (inspector) =>
        chooseDeployments(inspector, { all, context })
          .flatMap((deployment) => inspector.pending(deployment, { limit }))
          .slice(0, limit),
      );
      printRows(output, {
        json,
        rows,
        columns: entryColumns(context.now()),
        none: "nothing waits",
      });
    });

export const defineOutboxDead: DefineCommand = (command, cli) =>
  command
    .option("--all", "of every deployment, not only of the configured one")
    .option("--json", "print data as JSON")
    .addHelpText(
      "after",
      examples(
        ["klipstream outbox dead", "what the backend refused for good, and why"],
        ["klipstream outbox redrive 17", "try one again, once its cause is mended"],
      ),
    )
    .action(async ({ all, json }) => {
      const { context, output } = cli;
      const rows = await withOutbox(context, (inspector) =>
        chooseDeployments(inspector, { all, context }).flatMap((deployment) =>
          inspector.deadLetters(deployment),
        ),
      );
      const columns = deadLetterColumns(context.now());
      printRows(output, { json, rows, columns, none: "no dead letters" });
    });

export const defineOutboxExport: DefineCommand = (command, cli) =>
  command
    .addHelpText(
      "after",
      examples([
        "klipstream outbox export > outbox.jsonl",
        "everything that it holds, one JSON per line",
      ]) + "\n\nNo credential is in it.",
    )
    .action(() =>
      withOutbox(cli.context, (inspector) => {
        for (const entry of inspector.export()) cli.output.jsonLine(entry);
      }),
    );

/** The columns of a list of pending entries. */
function entryColumns(now: number): Column<Entry>[] {
  return [
    { header: "ENTRY", value: ({ seq }) => String(seq) },
    { header: "VIDEO", value: ({ twitchId }) => twitchId },
    { header: "WAITS FOR", value: ({ acceptedAt }) => formatDuration(now - acceptedAt) },
    { header: "FAILURES", value: ({ failures }) => String(failures) },
    { header: "UPDATE", value: describeContent, shrink: "end" },
  ];
}

/** The columns of a list of dead letters. */
export function deadLetterColumns(now: number): Column<DeadLetter>[] {
  return [
    { header: "ENTRY", value: ({ seq }) => String(seq) },
    { header: "VIDEO", value: ({ twitchId }) => twitchId },
    { header: "REFUSED", value: ({ refusedAt }) => `${formatDuration(now - refusedAt)} ago` },
    { header: "UPDATE", value: describeContent, shrink: "end" },
    { header: "WHY", value: ({ refusal }) => `${refusal.code}: ${refusal.message}`, shrink: "end" },
  ];
}

/** What an entry asks of the backend, in words. */
function describeContent({ content }: Pick<DeadLetter, "content">): string {
  if (content === null) return "damaged";
  if (content.kind === "rollback") return "rollback";
  const { status, urls } = content.update;
  return [...(status === undefined ? [] : [status]), ...Object.keys(urls ?? {})].join(", ");
}
