import {
  type Run,
  STATUS_COMPLETED,
  twitchIdSchema,
  type UpdateMeta,
  updateMetaSchema,
  vVideoStatus,
} from "@klipstream/contract";
import { v } from "convex/values";
import { z } from "zod";

import type { Doc } from "../_generated/dataModel";
import type { PipelineCtx } from "./access";
import { checkArgument, failure } from "./errors";
import * as Events from "./events";
import * as Progress from "./progress";
import * as Rules from "./rules";
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

const rollbackSchema = z.strictObject({ twitchId: twitchIdSchema, ...updateMetaSchema.shape });
type Rollback = Omit<z.infer<typeof rollbackSchema>, "run"> & { run: Run | undefined };

/** Undoes the last applied, not yet undone status change of the video's run. Called again, goes one further back. */
export async function rollbackStatus(ctx: PipelineCtx, args: { twitchId: string } & UpdateMeta) {
  const { run, ...checked } = checkArgument(rollbackSchema, args);
  const rollback = { ...checked, run: Rules.datedRun(run, Date.now()) };
  const video = await Videos.requireByTwitchId(ctx, rollback.twitchId);
  const receipt = await Events.findReceipt(ctx, rollback.updateId);
  if (receipt !== null) {
    Events.requireSameUpdate(receipt, video._id, { kind: "rolledBack", ...rollback });
    return { ...resultOf(video, "duplicate"), from: receipt.from, to: receipt.to };
  }
  const event = eventOf(video, rollback);
  if (Rules.isFenced(video, event.run) || !Rules.isStatusInOrder(video, event.occurredAt))
    return await supersede(ctx, video, event);
  return await undoLast(ctx, { ...video, ...Rules.takeoverBy(video, event.run) }, event);
}

async function supersede(ctx: PipelineCtx, video: Doc<"videos">, event: RollbackEvent) {
  const takeover = Rules.takeoverBy(video, event.run);
  if (takeover.run !== undefined) await ctx.db.patch("videos", video._id, takeover);
  await Events.append(ctx, { ...event, applied: false });
  return resultOf(video, "superseded");
}

async function undoLast(ctx: PipelineCtx, video: Doc<"videos">, event: RollbackEvent) {
  const undoable = await Events.findUndoable(ctx, video._id, video.run);
  if (undoable?.from === undefined)
    throw failure("NOTHING_TO_ROLL_BACK", "The video's run has no status change left to undo.", {
      twitchId: video.twitchId,
      status: video.status,
    });
  const to = undoable.from;
  await ctx.db.patch("videos", video._id, {
    run: video.run,
    status: to,
    statusChangedAt: event.occurredAt,
    failure: undoable.clearedFailure,
    ...Rules.signOfLife(Date.now()),
  });
  await Events.markUndone(ctx, undoable._id);
  await Events.append(ctx, { ...event, from: video.status, to, applied: true });
  if (to === STATUS_COMPLETED) await Progress.complete(ctx, video._id);
  return { ...resultOf({ ...video, status: to }, "applied"), from: video.status, to };
}

type RollbackEvent = ReturnType<typeof eventOf>;

function eventOf(video: Doc<"videos">, { updateId, reason, run, ...meta }: Rollback) {
  const occurredAt = Rules.cappedTime(meta, Date.now());
  return { videoId: video._id, kind: "rolledBack" as const, updateId, reason, run, occurredAt };
}
