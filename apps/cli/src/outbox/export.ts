import { type DefineCommand, examples } from "../command/command.ts";
import { withOutbox } from "./openOutbox.ts";

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
