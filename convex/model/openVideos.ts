import type { Doc } from "../_generated/dataModel";
import type { MutationCtx } from "../_generated/server";
import { OpenVideo } from "./openVideo";
import * as Sources from "./sources";
import * as Videos from "./videos";

/** The videos that a transaction decides about. What changes of them is in the database once they are saved. */
export class OpenVideos {
  readonly #byTwitchId = new Map<string, OpenVideo>();

  /** The video with this Twitch ID, or null. */
  async find(ctx: MutationCtx, twitchId: string): Promise<OpenVideo | null> {
    const known = this.#byTwitchId.get(twitchId);
    if (known !== undefined) return known;
    const video = await Videos.find(ctx, twitchId);
    return video === null ? null : this.add(video);
  }

  add(video: Doc<"videos">): OpenVideo {
    const opened = new OpenVideo(video);
    this.#byTwitchId.set(video.twitchId, opened);
    return opened;
  }

  async save(ctx: MutationCtx): Promise<void> {
    for (const opened of this.#byTwitchId.values()) await save(ctx, opened);
  }
}

/** Writes what has changed: at the transaction's end, once. */
export async function save(ctx: MutationCtx, opened: OpenVideo): Promise<void> {
  const { video, unwritten } = opened;
  await Sources.save(ctx, opened);
  if (Object.keys(unwritten).length > 0) await ctx.db.patch("videos", video._id, unwritten);
}
