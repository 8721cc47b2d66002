import { Option } from "@commander-js/extra-typings";
import { backend } from "@klipstream/client";
import type { ConvexApiClient } from "@klipstream/client";
import type { FunctionReturnType } from "convex/server";

import { countArgument } from "../command/arguments.ts";

export type ListedVideo = FunctionReturnType<typeof backend.video.list>["page"][number];
export type VideoEvent = FunctionReturnType<typeof backend.video.history>["page"][number];
export type VideoProgress = FunctionReturnType<typeof backend.video.progressOf>[number];
export type PublicVideo = NonNullable<FunctionReturnType<typeof backend.video.getByTwitchIdPublic>>;

const PAGE_MAX = 100;

/** The options of a command that shows one page of a list. */
export const LIMIT_OPTION = new Option("--limit <count>", `how many, up to ${PAGE_MAX}`)
  .argParser(countArgument(PAGE_MAX))
  .default(20);
export const CURSOR_OPTION = new Option(
  "--cursor <cursor>",
  "the page to show; each page prints the cursor of the next",
);

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
