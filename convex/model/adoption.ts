import {
  ARTIFACT_URL_FIELDS,
  describeIssues,
  mapStatus,
  mapUrlField,
  type OldVideo,
  planAdoption,
  renamedUrlsSchema,
} from "@klipstream/contract";
import { type GenericValidator, v } from "convex/values";
import { omit } from "convex-helpers";

import type { Doc } from "../_generated/dataModel";
import type { MutationCtx, QueryCtx } from "../_generated/server";
import { ADOPTION, MAPPING } from "../adoption.config";
import { checkArgument } from "./errors";
import * as Events from "./events";

/** Who adopted a video, in its history. */
const ACTOR = "adoption";

const urlsSchema = renamedUrlsSchema(MAPPING);

/** What became of one document; with a message, why it stays as it is. */
export type Outcome = "changed" | "unchanged" | { id: string; message: string };

/**
 * A document of `videos` as this backend knows it. While a table is being adopted it may still be an old one: a mutation
 * adopts it before it goes on, a query sees what it will become.
 */
export async function asAdopted(ctx: QueryCtx, video: Doc<"videos">): Promise<Doc<"videos">> {
  if (ADOPTION !== "migrating") return video;
  const fields = fieldsOf(video);
  if (fields === null) return video;
  if (isMutation(ctx)) await adopt(ctx, video, fields);
  return { _id: video._id, _creationTime: video._creationTime, ...fields };
}

/** The arguments of an update, in today's words. @throws INVALID_ARGUMENT where two names of one URL disagree. */
export function inTodaysWords<T extends { status?: unknown; urls?: unknown }>(args: T): T {
  if (ADOPTION === "off") return args;
  const { status, urls } = args;
  return {
    ...args,
    ...(status !== undefined && { status: mapStatus(status, MAPPING) ?? status }),
    ...(urls !== undefined && { urls: checkArgument(urlsSchema, urls, "urls") }),
  };
}

/** The validator of something that old writers or readers have in a shape of their own. */
export function openWhileAdopting<V extends GenericValidator>(validator: V): V {
  return ADOPTION === "off" ? validator : (v.any() as unknown as V);
}

/** What old readers see beside the public fields. */
export function legacyOf(video: Doc<"videos">): Record<string, unknown> {
  return ADOPTION === "off" ? {} : ((video.legacy ?? {}) as Record<string, unknown>);
}

/** Makes of an old document one of this backend; of several with one Twitch ID, the newest is the video. */
export async function adoptOne(ctx: MutationCtx, video: Doc<"videos">): Promise<Outcome> {
  const plan = planAdoption(video, MAPPING);
  if (plan.kind === "problem") return { id: video._id, message: describeIssues(plan.issues) };
  const { twitchId } = plan.kind === "fits" ? video : plan.video;
  const newest = await ctx.db
    .query("videos")
    .withIndex("by_twitchId", (q) => q.eq("twitchId", twitchId))
    .order("desc")
    .first();
  if (newest !== null && newest._id !== video._id) {
    if (plan.kind === "fits" || !isReplacedBy(video, newest))
      return { id: video._id, message: `twitchId: ${newest._id} has the same; mend or remove one` };
    await archive(ctx, video, newest);
    return "changed";
  }
  // Read again, as an older one of the same batch may have had it adopted.
  const current = newest ?? video;
  const adopted = await asAdopted(ctx, current);
  return adopted === current ? "unchanged" : "changed";
}

function isReplacedBy(video: Doc<"videos">, newest: Doc<"videos">): boolean {
  const isNewer = newest._creationTime > video._creationTime;
  return isNewer && planAdoption(newest, MAPPING).kind !== "problem";
}

/** Removes what only old readers see. */
export async function dropLegacyOf(ctx: MutationCtx, video: Doc<"videos">): Promise<Outcome> {
  if (video.legacy === undefined) return "unchanged";
  await ctx.db.patch("videos", video._id, { legacy: undefined });
  return "changed";
}

/** Puts an adopted document back as it was, with what has changed since laid over it. */
export async function undoAdoption(ctx: MutationCtx, event: Doc<"videoEvents">): Promise<void> {
  const old = event.adoptedFrom as Doc<"videos">;
  const values = omit(old, ["_id", "_creationTime"]);
  const video = old._id === event.videoId ? await ctx.db.get("videos", old._id) : null;
  if (video === null) await ctx.db.insert("videos", values);
  else await ctx.db.replace("videos", video._id, { ...values, ...changedSince(video, old) });
  await ctx.db.patch("videoEvents", event._id, { adopted: undefined, undone: true });
}

function changedSince(video: Doc<"videos">, old: Doc<"videos">): Record<string, unknown> {
  const adopted = fieldsOf(old);
  const changed = (["title", "status", ...ARTIFACT_URL_FIELDS] as const).filter(
    (field) => video[field] !== adopted?.[field],
  );
  const oldNames = Object.keys(old).flatMap((name) => {
    const field = mapUrlField(name, MAPPING);
    return field !== null && changed.includes(field) ? [[name, video[field]] as const] : [];
  });
  const names = changed.map((field) => [field, video[field]] as const);
  return Object.fromEntries([...names, ...oldNames]);
}

/** An older document of the same Twitch ID: its values go into the history of the newest one. */
async function archive(ctx: MutationCtx, video: Doc<"videos">, newest: Doc<"videos">) {
  await append(ctx, await asAdopted(ctx, newest), video);
  await ctx.db.delete("videos", video._id);
}

async function adopt(ctx: MutationCtx, video: Doc<"videos">, fields: AdoptedFields): Promise<void> {
  await ctx.db.replace("videos", video._id, fields);
  await append(ctx, { ...video, ...fields }, video);
}

async function append(ctx: MutationCtx, video: Doc<"videos">, adoptedFrom: Doc<"videos">) {
  await Events.append(
    { ...ctx, actor: ACTOR },
    {
      videoId: video._id,
      kind: "created",
      to: video.status,
      occurredAt: video._creationTime,
      applied: true,
      adopted: true,
      adoptedFrom,
    },
  );
}

type AdoptedFields = Omit<Doc<"videos">, "_id" | "_creationTime">;

/** What an old document becomes, or null where it needs no change or allows none. */
function fieldsOf(document: OldVideo): AdoptedFields | null {
  const plan = planAdoption(document, MAPPING);
  if (plan.kind !== "becomes") return null;
  // Nobody knows when it last changed; not after it is adopted, and not before it was made.
  const at = document["_creationTime"] as number;
  const hasLegacy = Object.keys(plan.legacy).length > 0;
  return {
    ...plan.video,
    statusChangedAt: at,
    statusReported: true,
    changedAt: at,
    ...(hasLegacy && { legacy: plan.legacy }),
  };
}

function isMutation(ctx: QueryCtx): ctx is MutationCtx {
  return "insert" in ctx.db;
}
