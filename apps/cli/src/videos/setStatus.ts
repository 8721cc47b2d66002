import { reasonArgument, statusArgument, twitchIdArgument } from "../command/arguments.ts";
import { reportUpdate } from "./updates.ts";
import { type DefineCommand, examples } from "../command/command.ts";

export const defineSetStatus: DefineCommand = (command, cli) =>
  command
    .argument("<id>", "Twitch ID or address of the video", twitchIdArgument)
    .argument("<status>", "one of the eight statuses, spelt exactly", statusArgument)
    .option("--reason <text>", "why, for the history", reasonArgument)
    .option("--json", "print data as JSON")
    .addHelpText(
      "after",
      examples(
        ['klipstream set-status 2434635255 "Fetching chat"', "report a status"],
        [
          'klipstream set-status 2434635255 Failed --reason "disk full"',
          "report a failure and its reason",
        ],
      ),
    )
    .action((twitchId, status, { reason, json }) =>
      reportUpdate(cli, {
        json: json === true,
        update: (manager) => manager.updateVideoStatus(twitchId, status, { reason }),
      }),
    );
