import type { ConvexManager, UpdateResult } from "@klipstream/client";

import {
  artifactUrlArgument,
  reasonArgument,
  statusArgument,
  twitchIdArgument,
} from "../command/arguments.ts";
import { type Cli, type DefineCommand, examples } from "../command/command.ts";
import { confirm } from "../command/confirm.ts";
import { connectBackend } from "../deployment/connectBackend.ts";
import { explainQueued, withManager } from "../deployment/openManager.ts";
import { formatTime } from "../output/text.ts";

/** How long a command waits for the backend's answer, in ms, before it says "queued". */
const WAIT_MS = 10_000;

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
      reportUpdate(cli, json, (manager) => manager.updateVideoStatus(twitchId, status, { reason })),
    );

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
      return reportUpdate(cli, json, (manager) =>
        manager.updateVideoUrls(twitchId, urls, { reason }),
      );
    });

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
        await printUndoable(cli, twitchId);
        return;
      }
      const question = `The last status change of ${twitchId} will be undone. Go on?`;
      if (!(await confirm(cli, { question, yes }))) return;
      await reportUpdate(cli, json, (manager) => manager.rollbackStatus(twitchId, { reason }));
    });

/**
 * Hands one update to the outbox, waits for its outcome, prints it, and sets the exit code.
 *
 * @throws CliError or KlipstreamError when the update is refused.
 */
async function reportUpdate(
  cli: Cli,
  json: true | undefined,
  update: (manager: ConvexManager) => Promise<UpdateResult>,
): Promise<void> {
  await withManager(cli.context, { waitMs: WAIT_MS }, async ({ manager, news }) => {
    const result = await update(manager);
    if (!result.ok) throw result.error;
    const isQueued = result.outcome === "queued";
    const reason = isQueued ? (news.credentialsRefused ?? news.failure) : null;
    if (json === true) cli.output.json({ ...result, ...(reason !== null && { reason }) });
    else cli.output.data(`${result.twitchId}: ${result.outcome}`);
    if (isQueued) explainQueued(cli, news);
  });
}

/** Says which status change a rollback would undo. */
async function printUndoable({ context, output }: Cli, twitchId: string): Promise<void> {
  const { page } = await connectBackend(context).integration.history(twitchId);
  const change = page.find(
    ({ kind, applied, undone, from }) =>
      kind === "updated" && applied && undone !== true && from !== undefined,
  );
  output.data(
    change === undefined
      ? `${twitchId}: nothing to roll back`
      : `${twitchId}: ${change.to ?? "?"} -> ${change.from ?? "?"} (undoing the change of ${formatTime(change.occurredAt)} by ${change.actor})`,
  );
  output.talk("dry run: nothing was changed");
}
