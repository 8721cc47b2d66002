import { backend } from "@klipstream/client";
import type { ConvexApiClient } from "@klipstream/client";
import type { FunctionReturnType } from "convex/server";

export type ListedVideo = FunctionReturnType<typeof backend.video.list>["page"][number];
export type VideoEvent = FunctionReturnType<typeof backend.video.history>["page"][number];
export type VideoProgress = FunctionReturnType<typeof backend.video.progressOf>[number];
export type PublicVideo = NonNullable<FunctionReturnType<typeof backend.video.getByTwitchIdPublic>>;

/** The progress of some videos, by their `_id`. */
export async function readProgress(
  api: ConvexApiClient,
  videoIds: readonly string[],
): Promise<ReadonlyMap<string, VideoProgress>> {
  if (videoIds.length === 0) return new Map();
  const rows = await api.query(backend.video.progressOf, {
    videoIds: [...videoIds] as VideoProgress["videoId"][],
  });
  return new Map(rows.map((row) => [row.videoId, row]));
}
