import {
  ARTIFACT_URL_FIELDS,
  type ArtifactUrls,
  type ReportedRun,
  type Run,
  STATUS_FAILED,
  type Update,
  type UpdateMeta,
  type VideoStatus,
} from "@klipstream/contract";

import type { Doc } from "../_generated/dataModel";

type Video = Omit<Doc<"videos">, "_id" | "_creationTime">;

/** What an update does to a video: rules 2 to 5, free of any database. Rule 1 needs the receipts. */
export type Decision = {
  outcome: "applied" | "unchanged" | "superseded";
  /** What to write into the video; empty where it stays as it is. */
  patch: Partial<Video>;
};

/**
 * Decides what becomes of an update that was not seen before.
 *
 * @param now - The server's clock, in milliseconds since the epoch.
 */
export function decide(video: Video, update: DatedUpdate, now: number): Decision {
  if (isFenced(video, update.run)) return { outcome: "superseded", patch: {} };
  const occurredAt = cappedTime(update, now);
  const takeover = takeoverBy(video, update.run);
  const status = isStatusInOrder(video, occurredAt) ? update.status : undefined;
  const urls = urlsInOrder(video, update.urls, occurredAt);
  if (status === undefined && urls.length === 0)
    // The newer run fences off older ones even where it comes too late for this change.
    return { outcome: "superseded", patch: takeover };
  const patch = {
    ...takeover,
    ...changeStatus(video, { status, reason: update.reason, occurredAt }),
    ...changeUrls(video, urls, occurredAt),
  };
  if (Object.keys(patch).length > 0)
    return { outcome: "applied", patch: { ...patch, ...signOfLife(now) } };
  return { outcome: "unchanged", patch: video.stalledSince === undefined ? {} : signOfLife(now) };
}

export type DatedUpdate = Omit<Update, "run"> & { run: Run | undefined };

/** A run with its start; one that nobody dated starts now. */
export function datedRun(run: ReportedRun | undefined, now: number): Run | undefined {
  return run === undefined ? undefined : { id: run.id, startedAt: run.startedAt ?? now };
}

/** When a change happened: never ahead of the server's clock, which also stands in where nobody said. */
export function cappedTime({ occurredAt }: UpdateMeta, now: number): number {
  return Math.min(occurredAt ?? now, now);
}

/** Rule 2: whether a run is older than the video's. */
export function isFenced(video: Pick<Video, "run">, run: Run | undefined): boolean {
  return video.run !== undefined && run !== undefined && run.startedAt < video.run.startedAt;
}

/** Rule 2: a run that is newer than the video's becomes the video's. */
export function takeoverBy(video: Pick<Video, "run">, run: Run | undefined): Pick<Video, "run"> {
  if (run === undefined) return {};
  return video.run === undefined || run.startedAt > video.run.startedAt ? { run } : {};
}

/** Rule 3, for the status. One that nobody reported is older than any report. */
export function isStatusInOrder(
  video: Pick<Video, "statusReported" | "statusChangedAt">,
  occurredAt: number,
): boolean {
  return !video.statusReported || occurredAt >= video.statusChangedAt;
}

/** What every change of a video writes, too. */
export function signOfLife(now: number) {
  return { stalledSince: undefined, changedAt: now };
}

/** Rule 3, for each URL. */
function urlsInOrder(video: Video, urls: ArtifactUrls | undefined, occurredAt: number) {
  return ARTIFACT_URL_FIELDS.flatMap((field) => {
    const url = urls?.[field];
    const inOrder = occurredAt >= (video.urlChangedAt?.[field] ?? 0);
    return url !== undefined && inOrder ? [{ field, url }] : [];
  });
}

function changeStatus(
  video: Video,
  change: { status: VideoStatus | undefined; reason: string | undefined; occurredAt: number },
): Partial<Video> {
  const { status, reason, occurredAt } = change;
  if (status === undefined || status === video.status) return {};
  const failure =
    status === STATUS_FAILED ? { during: video.status, reason, at: occurredAt } : undefined;
  return { status, statusChangedAt: occurredAt, statusReported: true, failure };
}

function changeUrls(
  video: Video,
  urls: { field: keyof ArtifactUrls; url: string }[],
  occurredAt: number,
): Partial<Video> {
  const changed = urls.filter(({ field, url }) => video[field] !== url);
  if (changed.length === 0) return {};
  return {
    ...Object.fromEntries(changed.map(({ field, url }) => [field, url])),
    urlChangedAt: {
      ...video.urlChangedAt,
      ...Object.fromEntries(changed.map(({ field }) => [field, occurredAt])),
    },
  };
}
