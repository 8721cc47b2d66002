import { titleArgument, twitchIdArgument } from "../command/arguments.ts";
import { type DefineCommand, examples } from "../command/command.ts";
import { connectBackend } from "../deployment/connectBackend.ts";

export const defineCreate: DefineCommand = (command, cli) =>
  command
    .argument("<id>", "Twitch ID or address of the video", twitchIdArgument)
    .option("--title <text>", "its title", titleArgument)
    .option("--json", "print data as JSON")
    .addHelpText(
      "after",
      examples([
        'klipstream create https://www.twitch.tv/videos/2434635255 --title "Speedrun"',
        "create a video in Queued; one that exists stays as it is",
      ]),
    )
    .action(async (twitchId, { title, json }) => {
      const { integration } = connectBackend(cli.context);
      const result = await integration.createVideo(twitchId, title === undefined ? {} : { title });
      if (json === true) cli.output.json({ twitchId, ...result });
      else cli.output.data(`${twitchId}: ${result.created ? "created" : "exists"}`);
    });
