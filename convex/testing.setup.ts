import type { Update, VideoStatus } from "@klipstream/contract";
import { convexTest } from "convex-test";

import { api } from "./_generated/api";
import type { Doc } from "./_generated/dataModel";
import schema from "./schema";

// Two dots in the name: Convex does not deploy this file.

declare global {
  // eslint-disable-next-line @typescript-eslint/consistent-type-definitions -- Only an interface merges; Vite replaces the call.
  interface ImportMeta {
    glob: (patterns: string[]) => Record<string, () => Promise<Record<string, unknown>>>;
  }
}

/** Every module with functions, and `_generated`. */
export const modules = import.meta.glob(["./**/*.{ts,js}", "!./**/*.*.ts"]);

export const PIPELINE = { subject: "raw-1", scope: "videos:read videos:write", gen: 1 };

/** A backend of its own, as no one, and as a pipeline. */
export function startBackend() {
  const t = convexTest({ schema, modules, transactionLimits: true });
  return { t, pipeline: t.withIdentity(PIPELINE) };
}

export type Backend = ReturnType<typeof startBackend>["t"];
export type Caller = Pick<Backend, "mutation" | "query">;

export const TWITCH_ID = "2434635255";

export async function createVideo(caller: Caller, twitchId = TWITCH_ID) {
  return (await caller.mutation(api.video.create, { twitchId })).videoId;
}

/** A backend that has the usual video. */
export async function startWithVideo() {
  const backend = startBackend();
  await createVideo(backend.pipeline);
  return backend;
}

/** The arguments of `video:updateStatusByTwitchId` for the usual video. */
export function status(value: VideoStatus, meta: Partial<Update> = {}) {
  return { twitchId: TWITCH_ID, status: value, ...meta };
}

/** All that is stored of a video. */
export async function stored(backend: Backend, twitchId = TWITCH_ID): Promise<Doc<"videos">> {
  const video = await backend.run((ctx) =>
    ctx.db
      .query("videos")
      .withIndex("by_twitchId", (q) => q.eq("twitchId", twitchId))
      .unique(),
  );
  if (video === null) throw new Error(`no video ${twitchId}`);
  return video;
}

/** A video's events, oldest first. */
export async function eventsOf(caller: Caller, twitchId = TWITCH_ID) {
  const { page } = await caller.query(api.video.history, {
    twitchId,
    paginationOpts: { numItems: 100, cursor: null },
  });
  return page.reverse();
}
