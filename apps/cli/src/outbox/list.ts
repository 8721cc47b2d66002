import { countArgument } from "../command/arguments.ts";
import { type DefineCommand, examples } from "../command/command.ts";
import { chooseDeployments, withOutbox } from "./openOutbox.ts";
import { entryColumns } from "./entries.ts";
import { layOutTable } from "../output/table.ts";

const MOST = 100_000;

export const defineOutboxList: DefineCommand = (command, cli) =>
  command
    .option("--all", "of every deployment, not only of the configured one")
    .option("--limit <count>", "how many, oldest first", countArgument(MOST), 100)
    .option("--json", "print data as JSON")
    .addHelpText("after", examples(["klipstream outbox list", "what waits, oldest first"]))
    .action(async ({ all, limit, json }) => {
      const { context, output } = cli;
      const entries = await withOutbox(context, (inspector) =>
        chooseDeployments(inspector, { all: all === true, context })
          .flatMap((deployment) => inspector.pending(deployment, { limit }))
          .slice(0, limit),
      );
      if (json === true) output.json(entries);
      else if (entries.length === 0) output.talk("nothing waits");
      else output.data(...layOutTable(entryColumns(context.now()), entries, output.width));
    });
