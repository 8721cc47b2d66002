import { backend, CredentialsRefusedError } from "@klipstream/client";
import { ARTIFACT_URL_FIELDS, formatDuration } from "@klipstream/contract";

import { twitchIdArgument } from "../command/arguments.ts";
import { CliError } from "../command/cliError.ts";
import { type Cli, type DefineCommand, examples } from "../command/command.ts";
import { EXIT_CODES } from "../command/exitCodes.ts";
import { connectBackend, type DirectBackend } from "../deployment/connectBackend.ts";
import { followLive } from "../deployment/liveQuery.ts";
import { formatTime, printable } from "../output/text.ts";
import { type PublicVideo, readProgress, type VideoEvent, type VideoProgress } from "./videos.ts";
import { describeChange, describeEventNote, toneOf } from "./videoTable.ts";

export const defineStatus: DefineCommand = (command, cli) =>
  command
    .argument("<id>", "Twitch ID or address of the video", twitchIdArgument)
    .option("--watch", "print each change of status or URLs, until Ctrl-C")
    .option("--json", "print data as JSON; with --watch one line per change")
    .addHelpText(
      "after",
      examples(
        ["klipstream status https://www.twitch.tv/videos/2434635255", "show one video"],
        ["klipstream status 2434635255 --watch", "follow it live"],
      ) +
        "\n\nNeeds no credentials; with the scope videos:read it also shows progress and the last event.",
    )
    .action(async (twitchId, { watch, json }) => {
      if (watch === true) await watchVideo(cli, twitchId, json === true);
      else await showVideo(cli, twitchId, json === true);
    });

async function showVideo(cli: Cli, twitchId: string, json: boolean): Promise<void> {
  const direct = connectBackend(cli.context);
  const video = await direct.integration.getVideo(twitchId);
  if (video === null) throw notFound(twitchId);
  const { progress, lastEvent } = await readDetails(direct, video);
  if (json) {
    cli.output.json({ ...video, progress, lastEvent });
    return;
  }
  const { output, context } = cli;
  const now = context.now();
  const line = (label: string, value: string) => output.data(`${label.padEnd(22)}${value}`);
  line("video", video.twitchId + (video.title === undefined ? "" : `  ${printable(video.title)}`));
  line("status", output.paintData(toneOf(video), video.status));
  line(
    "since",
    `${formatTime(video.statusChangedAt)} (${formatDuration(now - video.statusChangedAt)})`,
  );
  if (progress !== null) line("progress", describeProgress(progress, now));
  if (lastEvent !== null) line("last event", describeEvent(lastEvent));
  for (const field of ARTIFACT_URL_FIELDS) {
    const url = video[field];
    if (url !== undefined) line(field, url);
  }
}

async function readDetails(
  { api, integration }: DirectBackend,
  { _id, twitchId }: PublicVideo,
): Promise<{ progress: VideoProgress | null; lastEvent: VideoEvent | null }> {
  try {
    const [progress, { page }] = await Promise.all([
      readProgress(api, [_id]),
      integration.history(twitchId, { pageSize: 1 }),
    ]);
    return { progress: progress.get(_id) ?? null, lastEvent: page[0] ?? null };
  } catch (error) {
    // Without the right to read more, the public fields are the answer.
    if (error instanceof CredentialsRefusedError) return { progress: null, lastEvent: null };
    throw error;
  }
}

async function watchVideo(cli: Cli, twitchId: string, json: boolean): Promise<void> {
  const { output, context } = cli;
  let shown = "";
  await followLive(context, ({ follow }) => {
    follow(backend.video.getByTwitchIdPublic, { twitchId }, (video) => {
      if (json) {
        output.jsonLine(video);
        return;
      }
      const line = video === null ? "no such video yet" : describeVideo(video);
      if (line !== shown) output.data(`${formatTime(context.now())}  ${line}`);
      shown = line;
    });
  });
}

function describeVideo(video: PublicVideo): string {
  const urls = ARTIFACT_URL_FIELDS.filter((field) => video[field] !== undefined);
  return [video.status, ...urls].join("  ");
}

function describeProgress({ percent, message, heartbeatAt }: VideoProgress, now: number): string {
  const said = message === undefined ? "" : `, ${printable(message)}`;
  return `${Math.round(percent)} %${said} (sign of life ${formatDuration(now - heartbeatAt)} ago)`;
}

function describeEvent(event: VideoEvent): string {
  const parts = [event.kind, describeChange(event), `by ${event.actor}`, describeEventNote(event)];
  return printable(parts.filter((part) => part !== "").join("  "));
}

function notFound(twitchId: string): CliError {
  return new CliError(`there is no video ${twitchId}`, {
    exitCode: EXIT_CODES.NOT_FOUND,
    remedy: `klipstream create ${twitchId}`,
  });
}
