import type { Doc } from "../_generated/dataModel";
import type { MutationCtx } from "../_generated/server";
import type { Decision } from "./rules";
import * as Sources from "./sources";
import * as Videos from "./videos";

/** A video while a transaction decides about it: read once and written once, however many of its updates come together. */
export class OpenVideo {
  /** With all changes so far. */
  video: Doc<"videos">;
  /** The number of its newest event; undefined until somebody needs it. */
  newestEvent: number | undefined;
  readonly raisedSources: Sources.RaisedSources = new Map();
  #unwritten: Decision["patch"] = {};

  constructor(video: Doc<"videos">) {
    this.video = video;
  }

  change(patch: Decision["patch"]): void {
    this.video = { ...this.video, ...patch };
    this.#unwritten = { ...this.#unwritten, ...patch };
  }

  /** At the transaction's end, once. */
  async save(ctx: MutationCtx): Promise<void> {
    await Sources.save(ctx, this);
    if (Object.keys(this.#unwritten).length > 0)
      await ctx.db.patch("videos", this.video._id, this.#unwritten);
  }
}

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
    for (const opened of this.#byTwitchId.values()) await opened.save(ctx);
  }
}
