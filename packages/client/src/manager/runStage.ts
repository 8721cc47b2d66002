import { REASON_MAX_LENGTH, STATUS_FAILED, type VideoStatus } from "@klipstream/contract";

import type { Clock } from "../clock.ts";
import type { StageContext, StageOptions, UpdateResult } from "./results.ts";

/** The sign of life of a stage that reports no progress of its own, in milliseconds. */
export const HEARTBEAT_INTERVAL_MS = 30_000;

/** What a stage reports through; already bound to its video. */
export type StageReporter = {
  clock: Clock;
  updateStatus: (status: VideoStatus, reason?: string) => Promise<UpdateResult>;
  /** @param undoes - The id of the only update that may be undone. */
  rollBack: (reason: string, undoes: string) => Promise<UpdateResult>;
  reportProgress: (percent: number, message?: string) => void;
};

/** See `PipelineManager.runStage`. */
export async function runStage<T>(
  reporter: StageReporter,
  stage: {
    status: VideoStatus;
    work: (stage: StageContext) => Promise<T> | T;
    options?: StageOptions | undefined;
  },
): Promise<T> {
  const begun = await reporter.updateStatus(stage.status);
  const heart = startHeart(reporter);
  try {
    return await stage.work({ begun, progress: heart.progress });
  } catch (error) {
    await reportFailure(reporter, { error, begun, onFailure: stage.options?.onFailure });
    throw error;
  } finally {
    heart.stop();
  }
}

function startHeart({ clock, reportProgress }: StageReporter) {
  let last: [percent: number, message?: string] = [0];
  let cancel: () => void = () => undefined;
  const beatLater = () => {
    cancel();
    cancel = clock.after(HEARTBEAT_INTERVAL_MS, () => {
      reportProgress(...last);
      beatLater();
    });
  };
  beatLater();
  return {
    progress: (percent: number, message?: string) => {
      last = [percent, message];
      reportProgress(percent, message);
      beatLater();
    },
    stop: () => cancel(),
  };
}

async function reportFailure(
  reporter: StageReporter,
  {
    error,
    begun,
    onFailure = "rollBack",
  }: { error: unknown; begun: UpdateResult; onFailure: StageOptions["onFailure"] },
): Promise<void> {
  // The work gave up because its status was refused: there is nothing to undo and nobody to tell.
  if (!begun.ok && begun.error === error) return;
  const message = error instanceof Error ? error.message : String(error);
  const reason = message.slice(0, REASON_MAX_LENGTH);
  if (onFailure === "markFailed") await reporter.updateStatus(STATUS_FAILED, reason);
  // What took no effect must not be undone: that would undo what stood there before.
  else if (MAY_HAVE_SET_IT.has(begun.outcome)) await reporter.rollBack(reason, begun.updateId);
}

/** `queued`: the backend will know when it comes to the rollback. `duplicate`: the answer to an earlier attempt was lost. */
const MAY_HAVE_SET_IT: ReadonlySet<UpdateResult["outcome"]> = new Set([
  "applied",
  "duplicate",
  "queued",
  "simulated",
]);
