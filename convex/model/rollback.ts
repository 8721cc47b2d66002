import {
  type Rollback,
  rollbackSchema,
  STATUS_COMPLETED,
  vVideoStatus,
} from "@klipstream/contract";
import { type Infer, v } from "convex/values";

import type { Doc } from "../_generated/dataModel";
import type { PipelineCtx } from "./access";
import { checkArgument, failure, refusalOf } from "./errors";
import * as Events from "./events";
import { OpenVideo } from "./openVideo";
import * as OpenVideos from "./openVideos";
import * as Progress from "./progress";
import * as Rules from "./rules";
import * as Runs from "./runs";
import * as Sources from "./sources";
import { resultOf, vRefusal, vUpdateResult } from "./updates";
import * as Videos from "./videos";

/**
 * `from` and `to` are absent where the rollback was superseded: it restored nothing. A refusal of one that carries a
 * `source` is returned: an error would undo that its number was noted.
 */
export const vRollbackResult = v.union(
  vUpdateResult.extend({ from: v.optional(vVideoStatus), to: v.optional(vVideoStatus) }),
  vRefusal,
);
type RollbackResult = Infer<typeof vRollbackResult>;

/**
 * Undoes the last applied, not yet undone status change of the video's run. Called again, goes one further back. One that
 * says which update it `undoes` undoes no other.
 */
export async function rollbackStatus(ctx: PipelineCtx, args: Rollback): Promise<RollbackResult> {
  const rollback = checkArgument(rollbackSchema, args);
  const opened = new OpenVideo(await Videos.requireByTwitchId(ctx, rollback.twitchId));
  const result = await rollBackOrRefuse(ctx, opened, rollback);
  await OpenVideos.save(ctx, opened);
  return result;
}

async function rollBackOrRefuse(ctx: PipelineCtx, opened: OpenVideo, rollback: Rollback) {
  try {
    return await rollBack(ctx, opened, rollback);
  } catch (error) {
    if (rollback.source === undefined) throw error;
    return refusalOf(error);
  }
}

/** Rules 1 to 3, then the step back. Where it throws, no more has changed than by admitting its number. */
async function rollBack(ctx: PipelineCtx, opened: OpenVideo, rollback: Rollback) {
  const now = Date.now();
  const isNew = await Sources.admit(ctx, opened, { meta: rollback, now });
  const { video } = opened;
  const content = { ...rollback, kind: "rolledBack" as const };
  const receipt = await Events.findReceipt(ctx, video._id, content);
  if (receipt !== null)
    return { ...resultOf(video, "duplicate"), from: receipt.from, to: receipt.to };
  if (!isNew) return resultOf(video, "superseded");
  const origin = Rules.originOf(
    rollback,
    await Runs.rank(ctx, video, { meta: rollback, now }),
    now,
  );
  const isInOrder = origin.rank !== "older" && Rules.isInOrder(video, "status", origin);
  const undo = { rollback, origin };
  return isInOrder ? await undoLast(ctx, opened, undo) : await supersede(ctx, opened, undo);
}

type Undo = { rollback: Rollback; origin: Rules.Origin };

async function supersede(ctx: PipelineCtx, opened: OpenVideo, { rollback, origin }: Undo) {
  const { video } = opened;
  await Runs.keep(ctx, video._id, origin.toKeep);
  opened.change(Rules.takeoverBy(origin));
  await Events.append(ctx, { ...eventOf(video, rollback, origin), applied: false }, opened);
  return resultOf(video, "superseded");
}

async function undoLast(ctx: PipelineCtx, opened: OpenVideo, { rollback, origin }: Undo) {
  const { video } = opened;
  const takeover = Rules.takeoverBy(origin);
  const undoable = await Events.findUndoable(ctx, video._id, takeover.run ?? video.run);
  if (rollback.undoes !== undefined && rollback.undoes !== undoable?.updateId)
    return await supersede(ctx, opened, { rollback, origin });
  if (undoable?.from === undefined)
    throw failure("NOTHING_TO_ROLL_BACK", "The video's run has no status change left to undo.", {
      twitchId: video.twitchId,
      status: video.status,
    });
  const [from, to] = [video.status, undoable.from];
  await Runs.keep(ctx, video._id, origin.toKeep);
  opened.change({
    ...takeover,
    status: to,
    statusChangedAt: origin.shownAt,
    marks: Rules.marksAfter(video, ["status"], origin),
    failure: undoable.clearedFailure,
    ...Rules.signOfLife(origin.now),
  });
  await Events.markUndone(ctx, undoable._id);
  await Events.append(
    ctx,
    { ...eventOf(video, rollback, origin), from, to, applied: true },
    opened,
  );
  if (to === STATUS_COMPLETED) await Progress.complete(ctx, video._id);
  return { ...resultOf(opened.video, "applied"), from, to };
}

function eventOf(
  video: Doc<"videos">,
  { updateId, reason }: Rollback,
  { run, shownAt }: Rules.Origin,
) {
  const kind = "rolledBack" as const;
  return { videoId: video._id, kind, updateId, reason, run, occurredAt: shownAt };
}
