import { backend } from "@klipstream/client";
import type { FunctionArgs } from "convex/server";

import { statusArgument } from "../command/arguments.ts";
import { type Cli, type DefineCommand, examples } from "../command/command.ts";
import { connectBackend } from "../deployment/connectBackend.ts";
import { followLive } from "../deployment/liveQuery.ts";
import { printTable } from "../output/table.ts";
import { formatTime } from "../output/text.ts";
import { CURSOR_OPTION, LIMIT_OPTION, type ListedVideo, readProgress } from "./videos.ts";
import { videoColumns } from "./videoTable.ts";

export const defineList: DefineCommand = (command, cli) =>
  command
    .option("--status <status>", "only videos with this status", statusArgument)
    .option("--stalled", "only videos without a sign of life")
    .addOption(LIMIT_OPTION)
    .addOption(CURSOR_OPTION)
    .option("--watch", "print the page again whenever it changes, until Ctrl-C")
    .option("--json", "print data as JSON; with --watch one line per change")
    .addHelpText(
      "after",
      examples(
        ["klipstream list --status Failed", "what failed, and why"],
        ["klipstream list --stalled --json | jq -r '.videos[].twitchId'", "for a script"],
        ["klipstream list --watch", "follow live"],
      ),
    )
    .action(async ({ status, stalled, limit, cursor, watch, json }) => {
      const args: ListArgs = {
        ...(status === undefined ? {} : { status }),
        ...(stalled === undefined ? {} : { stalledOnly: stalled }),
        paginationOpts: { numItems: limit, cursor: cursor ?? null },
      };
      if (watch === true) await watchList(cli, args, json === true);
      else await showList(cli, args, json === true);
    });

type ListArgs = FunctionArgs<typeof backend.video.list>;

function watchList(cli: Cli, args: ListArgs, json: boolean): Promise<void> {
  return followLive(cli.context, ({ follow }) => {
    follow(backend.video.list, args, ({ page }) => {
      if (json) cli.output.jsonLine({ at: cli.context.now(), videos: page });
      else printChanged(cli, page);
    });
  });
}

async function showList({ context, output }: Cli, args: ListArgs, json: boolean): Promise<void> {
  const { api } = connectBackend(context);
  const { page, continueCursor, isDone } = await api.query(backend.video.list, args);
  const progress = await readProgress(
    api,
    page.map(({ _id }) => _id),
  );
  if (json) {
    const videos = page.map((video) => ({ ...video, progress: progress.get(video._id) ?? null }));
    output.json({ videos, continueCursor: isDone ? null : continueCursor });
    return;
  }
  const rows = page.map((video) => ({ video, progress: progress.get(video._id) }));
  printTable(output, videoColumns(output.paintData, context.now()), rows);
  if (rows.length === 0) output.talk("no videos");
  if (!isDone) output.talk(`more: --cursor ${continueCursor}`);
}

function printChanged({ output, context }: Cli, page: readonly ListedVideo[]): void {
  output.talk(output.paintTalk("quiet", formatTime(context.now())));
  printTable(
    output,
    videoColumns(output.paintData, context.now()).filter(({ header }) => header !== "PROGRESS"),
    page.map((video) => ({ video, progress: undefined })),
  );
}
