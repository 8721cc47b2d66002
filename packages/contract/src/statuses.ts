export const STATUS_QUEUED = "Queued";
export const STATUS_DOWNLOADING = "Downloading";
export const STATUS_FETCHING_CHAT = "Fetching chat";
export const STATUS_TRANSCRIBING = "Transcribing";
export const STATUS_ANALYZING = "Analyzing";
export const STATUS_FINDING_HIGHLIGHTS = "Finding highlights";
export const STATUS_COMPLETED = "Completed";
export const STATUS_FAILED = "Failed";

/** Every status, in the order in which a run goes through them; `Failed` can follow any of them. */
export const VIDEO_STATUSES = [
  STATUS_QUEUED,
  STATUS_DOWNLOADING,
  STATUS_FETCHING_CHAT,
  STATUS_TRANSCRIBING,
  STATUS_ANALYZING,
  STATUS_FINDING_HIGHLIGHTS,
  STATUS_COMPLETED,
  STATUS_FAILED,
] as const;

export type VideoStatus = (typeof VIDEO_STATUSES)[number];

/**
 * The share of a whole run, in percent, that is spent in each status. `Queued`, `Completed` and `Failed` take no time
 * of their own. The numbers are a convention for progress bars, not a measurement.
 */
export const STATUS_SHARE_PERCENT = {
  [STATUS_QUEUED]: 0,
  [STATUS_DOWNLOADING]: 20,
  [STATUS_FETCHING_CHAT]: 10,
  [STATUS_TRANSCRIBING]: 40,
  [STATUS_ANALYZING]: 20,
  [STATUS_FINDING_HIGHLIGHTS]: 10,
  [STATUS_COMPLETED]: 0,
  [STATUS_FAILED]: 0,
} as const satisfies Record<VideoStatus, number>;

/**
 * How much of a run is done, for a progress bar.
 *
 * @param status - The video's status. For a failed video pass the status it failed in.
 * @param stagePercent - How much of that status is done, 0 to 100.
 * @returns 0 to 100: the shares of the statuses before this one, plus the done part of its own.
 */
export function runPercent(status: VideoStatus, stagePercent = 0): number {
  if (status === STATUS_COMPLETED) return 100;
  if (status === STATUS_FAILED) return 0;
  const before = VIDEO_STATUSES.slice(0, VIDEO_STATUSES.indexOf(status));
  const done = before.reduce((sum, earlier) => sum + STATUS_SHARE_PERCENT[earlier], 0);
  return done + (STATUS_SHARE_PERCENT[status] * Math.min(100, Math.max(0, stagePercent))) / 100;
}
