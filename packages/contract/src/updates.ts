import type { VString } from "convex/values";
import { v } from "convex/values";
import { zodToConvex, zodToConvexFields } from "convex-helpers/server/zod4";
import { z } from "zod";

import { artifactUrlsSchema } from "./artifactUrls.ts";
import type { VideoStatus } from "./statuses.ts";
import { videoStatusSchema } from "./statusSchema.ts";
import { twitchIdSchema } from "./twitchIdSchema.ts";

export const REASON_MAX_LENGTH = 1000;
export const MESSAGE_MAX_LENGTH = 1000;
export const TITLE_MAX_LENGTH = 300;
export const ID_MAX_LENGTH = 128;
/** Most updates in one `video:recordUpdates`. */
export const UPDATES_MAX_COUNT = 100;
/** Most videos in one `video:progressOf`. */
export const VIDEO_IDS_MAX_COUNT = 100;

/** Milliseconds since the epoch; the upper bound is the largest that `Date` can hold. */
export const timestampSchema = z
  .number()
  .min(0, "must be milliseconds since 1970")
  .max(8.64e15, "must be milliseconds since 1970");

const limitedText = (limit: number) => z.string().max(limit, `must be at most ${limit} characters`);
const identifier = limitedText(ID_MAX_LENGTH).min(1, "must not be empty");

/** Milliseconds; about three centuries at most. */
export const ageSchema = z
  .number()
  .min(0, "must be 0 to 1e13 milliseconds")
  .max(1e13, "must be 0 to 1e13 milliseconds");

/** One execution of the pipeline over one video. A newer `startedAt` fences off older runs. */
export const runSchema = z.strictObject({ id: identifier, startedAt: timestampSchema });
export type Run = z.infer<typeof runSchema>;
export const vRun = zodToConvex(runSchema);

/**
 * A run as a request names it. `ageMs`: how long ago it started, at the moment of sending; it goes before `startedAt`, which
 * is a time on a clock that may be wrong.
 */
export const reportedRunSchema = z.strictObject({
  id: identifier,
  startedAt: timestampSchema.optional(),
  ageMs: ageSchema.optional(),
});
export type ReportedRun = z.infer<typeof reportedRunSchema>;
export const vReportedRun = zodToConvex(reportedRunSchema);

/** Where an update comes from: the identity of an outbox file, and the number that the update has in it. */
export const sourceSchema = z.strictObject({
  id: identifier,
  sequence: z.int("must be a whole number").min(1, "must be at least 1"),
});
export type Source = z.infer<typeof sourceSchema>;
export const vSource = zodToConvex(sourceSchema);

export const updateIdSchema = identifier;
export const reasonSchema = limitedText(REASON_MAX_LENGTH);
export const messageSchema = limitedText(MESSAGE_MAX_LENGTH);
export const titleSchema = limitedText(TITLE_MAX_LENGTH).min(1, "must not be empty");
export const percentSchema = z.number().min(0, "must be 0 to 100").max(100, "must be 0 to 100");

/**
 * What may accompany every change: who it is (`updateId`), where it comes from, how old it is at the moment of sending
 * (`ageMs`), when it happened (for people), in which run, and why.
 */
export const updateMetaSchema = z.strictObject({
  updateId: updateIdSchema.optional(),
  source: sourceSchema.optional(),
  ageMs: ageSchema.optional(),
  occurredAt: timestampSchema.optional(),
  run: reportedRunSchema.optional(),
  reason: reasonSchema.optional(),
});
export type UpdateMeta = z.infer<typeof updateMetaSchema>;
export const vUpdateMeta = zodToConvexFields(updateMetaSchema.shape);

/**
 * A step back of a video's status. With `undoes`, the `updateId` of an update, it undoes that one and nothing else: where
 * something came after it, or it changed nothing, the rollback is superseded.
 */
export const rollbackSchema = z.strictObject({
  twitchId: twitchIdSchema,
  undoes: updateIdSchema.optional(),
  ...updateMetaSchema.shape,
});
export type Rollback = z.infer<typeof rollbackSchema>;

/** A rollback as arguments; their content is checked by {@link rollbackSchema}. */
export const vRollback = zodToConvexFields(rollbackSchema.shape);

const updateFields = z.strictObject({
  twitchId: twitchIdSchema,
  status: videoStatusSchema.optional(),
  urls: artifactUrlsSchema.optional(),
  ...updateMetaSchema.shape,
});

/** One change that a pipeline reports: a status, some URLs, or both. */
export const updateSchema = updateFields.refine(
  (update) => update.status !== undefined || update.urls !== undefined,
  "must hold a status, URLs, or both",
);
export type Update = z.infer<typeof updateSchema>;

/**
 * A status as an argument: typed as one of the eight, checked for content by {@link videoStatusSchema} alone. A literal
 * union would be refused by Convex itself, with a message that production redacts to "Server Error".
 */
export const vVideoStatusArgument = v.string() as VString<VideoStatus>;

/** An update as an argument; its content is checked by {@link updateSchema}. */
export const vUpdate = v.object({
  ...zodToConvexFields(updateFields.shape),
  status: v.optional(vVideoStatusArgument),
});

/** What became of an update that the backend accepted; for all four the caller has nothing left to do. */
export const UPDATE_OUTCOMES = ["applied", "unchanged", "duplicate", "superseded"] as const;
export const updateOutcomeSchema = z.enum(UPDATE_OUTCOMES);
export type UpdateOutcome = z.infer<typeof updateOutcomeSchema>;
export const vUpdateOutcome = zodToConvex(updateOutcomeSchema);
