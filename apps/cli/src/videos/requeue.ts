import { backend } from "@klipstream/client";
import { formatDuration, STATUS_QUEUED } from "@klipstream/contract";

import { durationArgument } from "../command/arguments.ts";
import { type Cli, type DefineCommand, examples } from "../command/command.ts";
import { confirm } from "../command/confirm.ts";
import { EXIT_CODES } from "../command/exitCodes.ts";
import { connectBackend } from "../deployment/connectBackend.ts";
import { explainQueued, withManager } from "../deployment/openManager.ts";
import { printTable } from "../output/table.ts";
import { formatTime } from "../output/text.ts";
import type { ListedVideo } from "./videos.ts";

const PAGE_SIZE = 100;
const WAIT_MS = 10_000;

export const defineRequeue: DefineCommand = (command, cli) =>
  command
    .requiredOption("--stalled", "the videos without a sign of life (there is no other choice)")
    .option("--older <time>", "only those silent for this long (2h)", durationArgument)
    .option("--dry-run", "list them, and do nothing")
    .option("--yes", "do not ask")
    .option("--json", "print data as JSON")
    .addHelpText(
      "after",
      examples(
        ["klipstream requeue --stalled --dry-run", "what would be requeued"],
        ["klipstream requeue --stalled --older 2h --yes", "for a cron job"],
      ) + "\n\nEach video's history says that it was requeued, by whom, and where it was stuck.",
    )
    .action(async ({ older = 0, dryRun, yes, json }) => {
      const stalled = (await listStalled(cli)).filter(
        ({ stalledSince }) => cli.context.now() - (stalledSince ?? Infinity) >= older,
      );
      if (dryRun === true || stalled.length === 0) {
        const rows = stalled.map((video) => ({ video, outcome: "-" }));
        printVideos(cli, rows, json);
        cli.output.talk(rows.length === 0 ? "no stalled videos" : "dry run: nothing was changed");
        return;
      }
      const question = `${stalled.length} videos will be set back to ${STATUS_QUEUED}. Go on?`;
      if (await confirm(cli, { question, yes })) await requeue(cli, stalled, json);
    });

async function listStalled({ context }: Cli): Promise<ListedVideo[]> {
  const { api } = connectBackend(context);
  const videos: ListedVideo[] = [];
  for (let cursor: string | null = null; ;) {
    const result: Awaited<ReturnType<typeof api.query<typeof backend.video.list>>> =
      await api.query(backend.video.list, {
        stalledOnly: true,
        paginationOpts: { numItems: PAGE_SIZE, cursor },
      });
    videos.push(...result.page);
    if (result.isDone) return videos;
    cursor = result.continueCursor;
  }
}

function requeue(cli: Cli, videos: readonly ListedVideo[], json: true | undefined): Promise<void> {
  return withManager(cli.context, { waitMs: WAIT_MS }, async ({ manager, news }) => {
    const rows = await Promise.all(
      videos.map(async (video) => {
        const reason = `requeued: silent in ${video.status} since ${formatTime(video.stalledSince ?? 0)}`;
        const result = await manager.updateVideoStatus(video.twitchId, STATUS_QUEUED, { reason });
        return { video, outcome: result.outcome, ok: result.ok };
      }),
    );
    printVideos(cli, rows, json);
    if (rows.some(({ outcome }) => outcome === "queued")) explainQueued(cli, news);
    if (rows.some(({ ok }) => !ok)) cli.exitCode = EXIT_CODES.FAILED;
  });
}

type Row = { video: ListedVideo; outcome: string };

function printVideos({ output, context }: Cli, rows: readonly Row[], json: true | undefined): void {
  if (json === true)
    output.json(
      rows.map(({ video: { twitchId, status, stalledSince }, outcome }) => ({
        twitchId,
        status,
        stalledSince,
        outcome,
      })),
    );
  else if (rows.length > 0)
    printTable<Row>(
      output,
      [
        { header: "VIDEO", value: ({ video }) => video.twitchId },
        { header: "STUCK IN", value: ({ video }) => video.status },
        {
          header: "SILENT FOR",
          value: ({ video }) => formatDuration(context.now() - (video.stalledSince ?? 0)),
        },
        { header: "OUTCOME", value: ({ outcome }) => outcome },
        { header: "TITLE", value: ({ video }) => video.title ?? "", shrink: "end" },
      ],
      rows,
    );
}
