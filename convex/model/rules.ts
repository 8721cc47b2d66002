import {
  ARTIFACT_URL_FIELDS,
  STATUS_FAILED,
  type Update,
  type UpdateMeta,
} from "@klipstream/contract";
import type { Infer } from "convex/values";

import type { Doc } from "../_generated/dataModel";
import type { MarkedField, vMark } from "../schema";
import type { RankedRun } from "./runs";

type Video = Omit<Doc<"videos">, "_id" | "_creationTime">;
type Mark = Infer<typeof vMark>;

/** Where an update comes from, and when it happened. */
export type Origin = RankedRun & {
  sourceId: string | undefined;
  /** On the server's clock; undefined where nobody can tell. */
  moment: number | undefined;
  /** What people are shown. */
  shownAt: number;
  /** The server's clock, in milliseconds since the epoch. */
  now: number;
};

/** What an update does to a video: rules 2 to 5, free of any database. Rule 1 needs what was kept of earlier updates. */
export type Decision = {
  outcome: "applied" | "unchanged" | "superseded";
  /** What to write into the video; empty where it stays as it is. */
  patch: Partial<Video>;
};

/** What a standing value is of, seen from an update that would replace it and that rule 2 lets through. */
type Standing = "same source" | "older run" | "same run" | "no run";

/** Rule 3: whether the update replaces the value, by how its moment stands to the value's. Equal moments are later. */
const REPLACES: Record<Standing, Record<"earlier" | "later" | "unknown", boolean>> = {
  "same source": { earlier: true, later: true, unknown: true },
  "older run": { earlier: true, later: true, unknown: true },
  "same run": { earlier: false, later: true, unknown: true },
  "no run": { earlier: false, later: true, unknown: true },
};

/** Decides what becomes of an update that was not decided before. */
export function decide(video: Video, update: Update, origin: Origin): Decision {
  if (origin.rank === "older") return { outcome: "superseded", patch: {} };
  const takeover = takeoverBy(origin);
  const fields = fieldsOf(update).filter((field) => isInOrder(video, field, origin));
  // The newer run fences off older ones even where it comes too late for this change.
  if (fields.length === 0) return { outcome: "superseded", patch: takeover };
  const changes = { ...takeover, ...change(video, { fields, update, origin }) };
  const marks = { marks: marksAfter(video, fields, origin) };
  const sign = signOfLife(origin.now);
  if (Object.keys(changes).length > 0)
    return { outcome: "applied", patch: { ...changes, ...marks, ...sign } };
  const wasStalled = video.stalledSince !== undefined;
  // What is confirmed is as new as what is changed: nothing that happened before may replace it.
  const isMarked = origin.sourceId !== undefined;
  return { outcome: "unchanged", patch: { ...(wasStalled && sign), ...(isMarked && marks) } };
}

/** When an update happened, on the server's clock, of which it is never ahead; undefined where nobody can tell. */
export function momentOf(meta: UpdateMeta, now: number): number | undefined {
  if (meta.ageMs !== undefined) return Math.max(0, now - meta.ageMs);
  return meta.source === undefined ? Math.min(meta.occurredAt ?? now, now) : undefined;
}

/** All that the rules ask of an update beside its content. */
export function originOf(meta: UpdateMeta, run: RankedRun, now: number): Origin {
  const moment = momentOf(meta, now);
  const shownAt = Math.min(meta.occurredAt ?? moment ?? now, now);
  return { ...run, sourceId: meta.source?.id, moment, shownAt, now };
}

/** Rule 2: a run that is newer than the video's becomes the video's. */
export function takeoverBy({ rank, run, sourceId }: Origin): Pick<Video, "run" | "runSourceId"> {
  return rank === "newer" ? { run, runSourceId: sourceId } : {};
}

/** Rule 3. What nobody reported is older than any report. */
export function isInOrder(
  video: Pick<Video, "marks" | "statusReported" | "statusChangedAt">,
  field: MarkedField,
  origin: Origin,
): boolean {
  const unmarked =
    field === "status" && video.statusReported ? { at: video.statusChangedAt } : undefined;
  const mark = video.marks?.[field] ?? unmarked;
  return mark === undefined || REPLACES[standingOf(mark, origin)][ageBeside(mark, origin)];
}

/** The marks of a video once an update has been decided that replaces, or confirms, these fields. */
export function marksAfter(
  video: Pick<Video, "marks">,
  fields: MarkedField[],
  { moment, now, sourceId, run }: Origin,
): Video["marks"] {
  const mark: Mark = { at: moment ?? now, sourceId, runId: run?.id };
  return { ...video.marks, ...Object.fromEntries(fields.map((field) => [field, mark])) };
}

/** What every change of a video writes, too. */
export function signOfLife(now: number) {
  return { stalledSince: undefined, changedAt: now };
}

/** The fields that an update reports. */
export function fieldsOf({ status, urls }: Update): MarkedField[] {
  const reported = ARTIFACT_URL_FIELDS.filter((field) => urls?.[field] !== undefined);
  return status === undefined ? reported : ["status", ...reported];
}

function standingOf(mark: Mark, { sourceId, run }: Origin): Standing {
  if (sourceId !== undefined && mark.sourceId === sourceId) return "same source";
  if (mark.runId === undefined || run === undefined) return "no run";
  return mark.runId === run.id ? "same run" : "older run";
}

function ageBeside({ at }: Mark, { moment }: Origin) {
  if (moment === undefined) return "unknown";
  return moment < at ? "earlier" : "later";
}

type Change = { fields: MarkedField[]; update: Update; origin: Origin };

function change(video: Video, { fields, update, origin }: Change): Partial<Video> {
  const reported = { status: update.status, ...update.urls };
  const changed = fields.filter((field) => reported[field] !== video[field]);
  const values = Object.fromEntries(changed.map((field) => [field, reported[field]]));
  if (!changed.includes("status")) return values;
  const at = origin.shownAt;
  const failure =
    update.status === STATUS_FAILED
      ? { during: video.status, reason: update.reason, at }
      : undefined;
  return { ...values, statusChangedAt: at, statusReported: true, failure };
}
