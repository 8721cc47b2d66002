import type { VideoStatus } from "@klipstream/contract";

import type { Video } from "../integration/ConvexIntegration.ts";
import type { EntryContent } from "../outbox/entry.ts";

/** A video, and the statuses that a rollback could restore, oldest first. */
export type VideoState = { video: Video; earlier: readonly VideoStatus[] };

/** The longest memory of earlier statuses: a rollback further back leaves the status as it is. */
const EARLIER_MAX_COUNT = 20;

/**
 * What a video is once an update or a rollback has been applied to it: a small model of the backend, without runs and
 * without fences.
 *
 * @param now - What `statusChangedAt` becomes where the status changes, in milliseconds since 1970.
 */
export function applyContent(state: VideoState, content: EntryContent, now: number): VideoState {
  const { video, earlier } = state;
  if (content.kind === "rollback") {
    const status = earlier.at(-1);
    if (status === undefined) return state;
    return { video: { ...video, status, statusChangedAt: now }, earlier: earlier.slice(0, -1) };
  }
  const { status, urls } = content.update;
  const changed = { ...video, ...urls };
  if (status === undefined || status === video.status) return { video: changed, earlier };
  return {
    video: { ...changed, status, statusChangedAt: now },
    earlier: [...earlier, video.status].slice(-EARLIER_MAX_COUNT),
  };
}
