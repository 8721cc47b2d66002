import { artifactUrlArgument, reasonArgument, twitchIdArgument } from "../command/arguments.ts";
import { reportUpdate } from "./updates.ts";
import { type DefineCommand, examples } from "../command/command.ts";

export const defineSetUrls: DefineCommand = (command, cli) =>
  command
    .argument("<id>", "Twitch ID or address of the video", twitchIdArgument)
    .argument("<key=url...>", "artifact URLs, as key=url")
    .option("--reason <text>", "why, for the history", reasonArgument)
    .option("--json", "print data as JSON")
    .addHelpText(
      "after",
      examples([
        "klipstream set-urls 2434635255 chatUrl=gs://vods/2434635255/chat.csv transcriptUrl=gs://vods/2434635255/words.csv",
        "report where two files are",
      ]),
    )
    .action((twitchId, pairs, { reason, json }) => {
      const urls = pairs.reduce<ReturnType<typeof artifactUrlArgument>>(
        (before, pair) => artifactUrlArgument(pair, before),
        {},
      );
      return reportUpdate(cli, {
        json: json === true,
        update: (manager) => manager.updateVideoUrls(twitchId, urls, { reason }),
      });
    });
