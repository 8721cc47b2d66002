import { isScratchTwitchId, twitchIdSchema } from "@klipstream/contract";

import type { Id } from "../_generated/dataModel";
import type { MutationCtx } from "../_generated/server";
import { checkArgument, invalidArgument } from "./errors";
import * as Events from "./events";
import * as Progress from "./progress";
import * as Runs from "./runs";
import * as Sources from "./sources";
import * as Videos from "./videos";

const REMOVED_AT_ONCE = 200;

/**
 * Removes a smoke test's video with its progress, its sources and runs, and its newest events.
 *
 * @returns The removed video, or null, and whether events of it are left for {@link removeEvents}.
 * @throws INVALID_ARGUMENT for a Twitch ID that Twitch may have issued.
 */
export async function remove(ctx: MutationCtx, args: { twitchId: string }) {
  const twitchId = checkArgument(twitchIdSchema, args.twitchId, "twitchId");
  if (!isScratchTwitchId(twitchId))
    throw invalidArgument([
      { path: "twitchId", message: "must have a leading zero; other videos are never removed" },
    ]);
  const video = await Videos.find(ctx, twitchId);
  if (video === null) return null;
  await Progress.remove(ctx, video._id);
  await Sources.removeAll(ctx, video._id);
  await Runs.removeAll(ctx, video._id);
  await ctx.db.delete("videos", video._id);
  return { videoId: video._id, ...(await removeEvents(ctx, video._id)) };
}

/** Removes one batch of the events of a video that is gone. */
export async function removeEvents(ctx: MutationCtx, videoId: Id<"videos">) {
  const removed = await Events.removeSome(ctx, videoId, REMOVED_AT_ONCE);
  return { more: removed === REMOVED_AT_ONCE };
}
