import type { Scope, Update, VideoStatus } from "@klipstream/contract";
import { convexTest } from "convex-test";

import { api } from "../_generated/api";
import type { Doc } from "../_generated/dataModel";
import type { MutationCtx } from "../_generated/server";
import schema from "../schema";

// Two dots in the name: Convex does not deploy this file.

declare global {
  // eslint-disable-next-line @typescript-eslint/consistent-type-definitions -- Only an interface merges; Vite replaces the call.
  interface ImportMeta {
    glob: (patterns: string[]) => Record<string, () => Promise<Record<string, unknown>>>;
  }
}

/** Every module with functions, and `_generated`. */
export const modules = import.meta.glob(["../**/*.{ts,js}", "!../**/*.*.ts"]);

/** What the token of the account `raw-1` says: its name, and the key that it was given for. */
export const PIPELINE = { subject: "raw-1", key: "0123456789ab" };

/** A backend of its own, as no one, and as a pipeline whose account may do everything. */
export function startBackend() {
  const t = convexTest({ schema, modules, transactionLimits: true });
  const seeded = t.run((ctx) => insertAccount(ctx, PIPELINE));
  return { t, pipeline: after(seeded, t.withIdentity(PIPELINE)) };
}

/** An account and its key, past the checks of a creation. */
export async function insertAccount(
  ctx: Pick<MutationCtx, "db">,
  { subject, key }: typeof PIPELINE,
  { scopes = ["videos:read", "videos:write"] }: { scopes?: Scope[] } = {},
): Promise<void> {
  await ctx.db.insert("serviceAccounts", { name: subject, scopes, disabled: false });
  await ctx.db.insert("serviceKeys", { account: subject, keyId: key, hash: key.padEnd(64, "0") });
}

/** The same caller; each of its calls waits for the promise first. */
function after<Caller extends object>(promise: Promise<void>, caller: Caller): Caller {
  return new Proxy(caller, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      return async (...args: unknown[]) => {
        await promise;
        return (await member.apply(target, args)) as unknown;
      };
    },
  });
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
