import { REASON_MAX_LENGTH, type Run, STATUS_FAILED, type VideoStatus } from "@klipstream/contract";

import type { Clock } from "../clock.ts";
import { messageOf } from "../errors.ts";
import type { PipelineProgress, RollbackOptions, UpdateOptions, UpdateResult } from "./update.ts";

/** How often a stage that reports no progress repeats the last, as a sign of life, in milliseconds. */
const HEARTBEAT_INTERVAL_MS = 30_000;

/** What `runStage` hands to the work. */
export type StageContext = {
  /** What became of the report of the stage's status. */
  begun: UpdateResult;
  /** Reports how much of the stage is done, 0 to 100. Lossy and cheap: call it as often as you like. */
  progress(percent: number, message?: string): void;
};

export type StageOptions = {
  /**
   * What happens to the status when the work throws: it is undone, or set to `Failed` with the error's message as reason. Only this
   * stage's own change of the status is undone, and only while it is the last one: what somebody else has set since stays.
   *
   * @default "rollBack"
   */
  onFailure?: "rollBack" | "markFailed" | undefined;
};

/** A manager's calls, bound to one video: what its runs and stages report through. */
export type VideoReporter = {
  clock: Clock;
  update: (progress: PipelineProgress, options: UpdateOptions) => Promise<UpdateResult>;
  rollBack: (options: RollbackOptions) => Promise<UpdateResult>;
  reportProgress: (percent: number, message: string | undefined, run: Run | undefined) => void;
};

type Stage<T> = {
  status: VideoStatus;
  work: (stage: StageContext) => Promise<T> | T;
  options?: StageOptions | undefined;
  run?: Run | undefined;
};

/** See `Manager.runStage`. */
export async function runStage<T>(reporter: VideoReporter, stage: Stage<T>): Promise<T> {
  const begun = await reporter.update({ status: stage.status }, { run: stage.run });
  const heart = startHeart(reporter, stage.run);
  try {
    return await stage.work({ begun, progress: heart.progress });
  } catch (error) {
    await reportFailure(reporter, stage, { error, begun });
    throw error;
  } finally {
    heart.stop();
  }
}

function startHeart({ clock, reportProgress }: VideoReporter, run: Run | undefined) {
  let last: [percent: number, message: string | undefined] = [0, undefined];
  let cancel: () => void = () => undefined;
  const beatLater = () => {
    cancel();
    cancel = clock.after(HEARTBEAT_INTERVAL_MS, () => {
      reportProgress(...last, run);
      beatLater();
    });
  };
  beatLater();
  return {
    progress: (percent: number, message?: string) => {
      last = [percent, message];
      reportProgress(percent, message, run);
      beatLater();
    },
    stop: () => cancel(),
  };
}

async function reportFailure(
  reporter: VideoReporter,
  { run, options }: Pick<Stage<unknown>, "run" | "options">,
  { error, begun }: { error: unknown; begun: UpdateResult },
): Promise<void> {
  // The work gave up because its status was refused: there is nothing to undo and nobody to tell.
  if (!begun.ok && begun.error === error) return;
  const reason = messageOf(error).slice(0, REASON_MAX_LENGTH);
  if (options?.onFailure === "markFailed")
    await reporter.update({ status: STATUS_FAILED }, { run, reason });
  // A status that took no effect must not be undone: the rollback would undo the change before it.
  else if (MAY_HAVE_SET_IT.has(begun.outcome))
    await reporter.rollBack({ run, reason, undoes: begun.updateId });
}

/** With `queued` the backend knows it when the rollback comes. With `duplicate` the answer to an earlier attempt was lost. */
const MAY_HAVE_SET_IT: ReadonlySet<UpdateResult["outcome"]> = new Set([
  "applied",
  "duplicate",
  "queued",
  "simulated",
]);
