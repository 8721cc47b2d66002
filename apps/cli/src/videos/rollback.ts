import { reasonArgument, twitchIdArgument } from "../command/arguments.ts";
import { reportUpdate } from "./updates.ts";
import { type DefineCommand, examples } from "../command/command.ts";
import { confirm } from "../command/confirm.ts";

export const defineRollback: DefineCommand = (command, cli) =>
  command
    .argument("<id>", "Twitch ID or address of the video", twitchIdArgument)
    .requiredOption("--reason <text>", "why, for the history", reasonArgument)
    .option("--dry-run", "show the last events, and do nothing")
    .option("--yes", "do not ask")
    .option("--json", "print data as JSON")
    .addHelpText(
      "after",
      examples([
        'klipstream rollback 2434635255 --reason "transcription crashed"',
        "the status goes back to the one before; called again, one further",
      ]),
    )
    .action(async (twitchId, { reason, dryRun, yes, json }) => {
      if (dryRun === true) {
        // Loaded only here: a rollback itself goes through the outbox and reads nothing.
        const { printUndoable } = await import("./printUndoable.ts");
        await printUndoable(cli, twitchId);
        return;
      }
      const question = `The last status change of ${twitchId} will be undone. Go on?`;
      if (!(await confirm(cli, { question, yes: yes === true }))) return;
      await reportUpdate(cli, {
        json: json === true,
        update: (manager) => manager.rollbackStatus(twitchId, { reason }),
      });
    });
