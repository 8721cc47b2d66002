import { ARTIFACT_URL_FIELDS, runPercent, type VideoStatus } from "@klipstream/contract";

import type { Progress, PublicVideo, Video } from "../backend/api.ts";
import { isStage } from "./appearance.ts";

/** The status that a video is in, or that it failed in. */
export function reachedStatus({ status, failure }: Pick<Video, "status" | "failure">): VideoStatus {
  return failure?.during ?? status;
}

/** How much of the current stage is done, 0 to 100, or null where nothing was reported in it. */
export function stagePercent(
  video: Pick<Video, "status" | "statusChangedAt" | "failure">,
  progress: Progress | undefined,
): number | null {
  if (progress === undefined || !isStage(reachedStatus(video))) return null;
  const stageEndedAt = video.failure?.at ?? Infinity;
  const stageBeganAt = video.failure === undefined ? video.statusChangedAt : 0;
  // What was reported before this stage began is the progress of the one before.
  const isOfStage = progress.heartbeatAt >= stageBeganAt && progress.heartbeatAt <= stageEndedAt;
  return isOfStage ? progress.percent : null;
}

/** How much of the whole run is done, 0 to 100. */
export function videoPercent(video: Pick<Video, "status" | "failure">, ofStage: number | null) {
  return runPercent(reachedStatus(video), ofStage ?? 0);
}

/** When the video last gave a sign of life: a report of its pipeline, or a heartbeat. */
export function lastSign({ changedAt }: Pick<Video, "changedAt">, progress: Progress | undefined) {
  return Math.max(changedAt, progress?.heartbeatAt ?? 0);
}

export function fileCount(video: PublicVideo): number {
  return ARTIFACT_URL_FIELDS.filter((field) => video[field] !== undefined).length;
}
