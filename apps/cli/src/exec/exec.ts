import { Option } from "@commander-js/extra-typings";
import { type ConvexManager, KlipstreamError, type StageContext } from "@klipstream/client";
import { formatDuration, REASON_MAX_LENGTH } from "@klipstream/contract";

import {
  artifactUrlArgument,
  durationOption,
  statusArgument,
  twitchIdArgument,
} from "../command/arguments.ts";
import { type Cli, type DefineCommand, examples } from "../command/command.ts";
import { describeFailure } from "../command/describeFailure.ts";
import { type DeliveryNews, openManager } from "../deployment/openManager.ts";
import { type CommandEnd, superviseCommand } from "./superviseCommand.ts";

/** How long the start of the command waits for the backend at most, in ms. */
const WAIT_MS = 2000;
/** Cloud Run and Docker send SIGKILL after 10 s: the rest of that time is for reporting. */
const DEFAULT_GRACE = "7s";
const FLUSH_MS = 2500;

export const defineExec: DefineCommand = (command, cli) =>
  command
    .argument("<id>", "Twitch ID or address of the video", twitchIdArgument)
    .argument("<command...>", "the command, after --")
    .requiredOption("--status <status>", "the status while it runs", statusArgument)
    .option(
      "--url <key=url>",
      "an artifact URL to report when it has succeeded; repeatable",
      artifactUrlArgument,
    )
    .addOption(
      new Option("--on-failure <what>", "undo the status, or set it to Failed")
        .choices(["rollback", "fail"])
        .default("rollback" as const),
    )
    .addOption(
      durationOption(
        "--grace <time>",
        "after SIGTERM, SIGINT or SIGHUP, how long it may take to end before SIGKILL",
        DEFAULT_GRACE,
      ),
    )
    .addHelpText(
      "after",
      examples(
        [
          'klipstream exec 2434635255 --status "Transcribing" --url transcriptUrl=gs://vods/t.csv -- python transcribe.py',
          "report Transcribing, run it with heartbeats, then report the URL",
        ],
        [
          'klipstream exec 2434635255 --status "Analyzing" --on-failure fail -- ./analyze.sh',
          "on failure: Failed, with the command's last line as the reason",
        ],
      ) +
        "\n\nLines `::progress 40 message` on the command's output become the video's progress. Other output passes" +
        "\nthrough, and so does the exit code. A deployment that cannot be reached does not delay the command.",
    )
    .action((twitchId, [...line], { status, url, onFailure, grace }) =>
      execute(cli, { twitchId, line, status, urls: url, onFailure, graceMs: grace }),
    );

type Execution = {
  twitchId: string;
  line: readonly string[];
  status: Parameters<ReturnType<typeof openManager>["manager"]["runStage"]>[1];
  urls: ReturnType<typeof artifactUrlArgument> | undefined;
  onFailure: "rollback" | "fail";
  graceMs: number;
};

/** What only the caller can mend. Whatever else keeps the report from being taken must not keep the command from running. */
const CALLERS_MISTAKES: ReadonlySet<KlipstreamError["code"]> = new Set([
  "CONFIGURATION",
  "INVALID_ARGUMENT",
  "VIDEO_NOT_FOUND",
]);

async function execute(cli: Cli, execution: Execution): Promise<void> {
  let opened: ReturnType<typeof openManager>;
  try {
    opened = openManager(cli.context, { waitMs: WAIT_MS });
  } catch (error) {
    cli.exitCode = (await runUnreported(cli, execution, error)).exitCode;
    return;
  }
  try {
    await runReported(cli, execution, opened.manager);
  } finally {
    await close(cli, opened);
  }
}

async function runReported(cli: Cli, execution: Execution, manager: ConvexManager): Promise<void> {
  const { twitchId, status, urls, onFailure } = execution;
  const end = await manager
    .runStage(
      twitchId,
      status,
      async (stage) => {
        // The stage ends here: without its status, no progress and no failure of it is reported.
        if (!stage.begun.ok) throw stage.begun.error;
        const ended = await supervise(cli, execution, stage);
        if (ended.exitCode !== 0) throw new CommandFailed(ended);
        return ended;
      },
      { onFailure: onFailure === "fail" ? "markFailed" : "rollBack" },
    )
    .catch(async (error: unknown) => {
      if (error instanceof CommandFailed) return error.end;
      if (!(error instanceof KlipstreamError)) throw error;
      cli.exitCode = (await runUnreported(cli, execution, error)).exitCode;
      return null;
    });
  if (end === null) return;
  cli.exitCode = end.exitCode;
  if (end.exitCode !== 0 || urls === undefined) return;
  const reported = await manager.updateVideoUrls(twitchId, urls);
  if (reported.ok) return;
  throwCallersMistake(reported.error);
  sayFailure(cli, reported.error, "the URLs are not reported");
}

/** @throws the error that kept the report from being taken, where it is the caller's: the command does not run then. */
function runUnreported(cli: Cli, execution: Execution, error: unknown): Promise<CommandEnd> {
  throwCallersMistake(error);
  sayFailure(cli, error, "the command runs unreported");
  return supervise(cli, execution, { progress: () => undefined });
}

function throwCallersMistake(error: unknown): void {
  if (error instanceof KlipstreamError && CALLERS_MISTAKES.has(error.code)) throw error;
}

/** By now the command has its exit code, which a failure to close must not replace. */
async function close(cli: Cli, { manager, news }: ReturnType<typeof openManager>): Promise<void> {
  try {
    const { pending } = await manager.close({ timeoutMs: FLUSH_MS });
    if (pending > 0) sayPending(cli, pending, news);
  } catch (error) {
    sayFailure(cli, error, "what is not delivered yet stays in the outbox");
  }
}

function sayFailure({ output }: Cli, error: unknown, consequence: string): void {
  const { message, remedy } = describeFailure(error);
  output.talk(`klipstream: ${message}; ${remedy ?? "see `klipstream doctor`"}; ${consequence}`);
}

function supervise(
  { context, output }: Cli,
  { line, graceMs }: Execution,
  stage: Pick<StageContext, "progress">,
): Promise<CommandEnd> {
  return superviseCommand(line, {
    context,
    graceMs,
    onProgress: ({ percent, message }) => stage.progress(percent, message),
    onForward: (signal) =>
      output.talk(`klipstream: ${signal} handed on; SIGKILL follows in ${formatDuration(graceMs)}`),
  });
}

/** Thrown inside the stage, so that the manager reports the failure; its message is the reason. */
class CommandFailed extends Error {
  readonly end: CommandEnd;

  constructor(end: CommandEnd) {
    const how = end.signal === null ? `exit ${end.exitCode}` : `ended by ${end.signal}`;
    super(`${how}${end.lastLine === null ? "" : `: ${end.lastLine}`}`.slice(0, REASON_MAX_LENGTH));
    this.end = end;
  }
}

function sayPending({ output }: Cli, pending: number, news: DeliveryNews): void {
  output.talk(
    `klipstream: ${pending} ${pending === 1 ? "update waits" : "updates wait"} in the outbox: ${news.credentialsRefused ?? news.failure ?? "not delivered yet"}`,
  );
}
