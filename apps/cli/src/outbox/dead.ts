import { type DefineCommand, examples } from "../command/command.ts";
import { chooseDeployments, withOutbox } from "./openOutbox.ts";
import { deadLetterColumns } from "./entries.ts";
import { layOutTable } from "../output/table.ts";

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
      const letters = await withOutbox(context, (inspector) =>
        chooseDeployments(inspector, { all: all === true, context }).flatMap((deployment) =>
          inspector.deadLetters(deployment),
        ),
      );
      if (json === true) output.json(letters);
      else if (letters.length === 0) output.talk("no dead letters");
      else output.data(...layOutTable(deadLetterColumns(context.now()), letters, output.width));
    });
