import { backend } from "@klipstream/client";

import { twitchIdArgument } from "../command/arguments.ts";
import { type DefineCommand, examples } from "../command/command.ts";
import { connectBackend } from "../deployment/connectBackend.ts";
import { followLive } from "../deployment/liveQuery.ts";
import { printTable } from "../output/table.ts";
import { formatTime, printable } from "../output/text.ts";
import { CURSOR_OPTION, LIMIT_OPTION, type VideoEvent } from "./videos.ts";
import { describeChange, describeEventNote, eventColumns } from "./videoTable.ts";

export const defineHistory: DefineCommand = (command, cli) =>
  command
    .argument("<id>", "Twitch ID or address of the video", twitchIdArgument)
    .addOption(LIMIT_OPTION)
    .addOption(CURSOR_OPTION)
    .option("--watch", "print each new event as it comes, until Ctrl-C")
    .option("--json", "print data as JSON; with --watch one line per event")
    .addHelpText(
      "after",
      examples(
        ["klipstream history 2434635255", "what was reported, by whom, and what became of it"],
        ["klipstream history 2434635255 --watch", "follow live"],
      ),
    )
    .action(async (twitchId, { limit, cursor, watch, json }) => {
      const args = { twitchId, paginationOpts: { numItems: limit, cursor: cursor ?? null } };
      if (watch === true) {
        const isNew = unseen();
        await followLive(cli.context, ({ follow }) => {
          follow(backend.video.history, args, ({ page }) => {
            for (const event of [...page].reverse().filter(isNew))
              if (json === true) cli.output.jsonLine(event);
              else cli.output.data(lineOf(event));
          });
        });
        return;
      }
      const { api } = connectBackend(cli.context);
      const { page, continueCursor, isDone } = await api.query(backend.video.history, args);
      if (json === true)
        cli.output.json({ events: page, continueCursor: isDone ? null : continueCursor });
      else {
        printTable(cli.output, eventColumns(), page);
        if (!isDone) cli.output.talk(`more: --cursor ${continueCursor}`);
      }
    });

function lineOf(event: VideoEvent): string {
  const parts = [
    formatTime(event.occurredAt),
    event.kind,
    describeChange(event),
    `by ${event.actor}`,
  ];
  return printable([...parts, describeEventNote(event)].filter((part) => part !== "").join("  "));
}

/** Whether an event has not been printed yet; a page brings the old ones again with each new one. */
function unseen(): (event: VideoEvent) => boolean {
  const seen = new Set<string>();
  return ({ _id }) => {
    const isNew = !seen.has(_id);
    seen.add(_id);
    return isNew;
  };
}
