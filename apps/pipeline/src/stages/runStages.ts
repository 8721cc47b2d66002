import type { StageContext, UpdateResult, VideoRun } from "@klipstream/client";
import type { VideoStatus } from "@klipstream/contract";

import type { ArtifactStore } from "../artifacts/artifactStore.ts";
import type { Notify } from "../notices.ts";
import type { Stage, StageTools } from "./stage.ts";

/** How often a stage is tried before its video is `Failed`. */
const MAX_ATTEMPTS = 2;

/** What stages run with. */
export type StageRunner = { run: VideoRun; store: ArtifactStore; notify: Notify };

/**
 * Runs stages one after the other. One that fails is rolled back and tried once more; when it fails again, the video
 * is marked as failed.
 *
 * @throws what the last attempt of a stage threw.
 */
export async function runStages(stages: readonly Stage[], runner: StageRunner): Promise<void> {
  for (const stage of stages) await runStage(stage, runner);
}

/** Reports a status that has no work of its own. */
export async function reportStatus(
  status: VideoStatus,
  { run, notify }: StageRunner,
): Promise<void> {
  notifyHandedOver(notify, status, await run.updateVideoStatus(status));
}

async function runStage({ status, work }: Stage, runner: StageRunner): Promise<void> {
  const { run, notify } = runner;
  for (let attempt = 1; ; attempt += 1) {
    const isLast = attempt === MAX_ATTEMPTS;
    notify({ kind: "stageStarted", status, attempt });
    try {
      await run.runStage(
        status,
        async (context) => {
          notifyHandedOver(notify, status, context.begun);
          await work(toolsOf(context, runner));
        },
        { onFailure: isLast ? "markFailed" : "rollBack" },
      );
      return;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      notify({ kind: "stageFailed", status, reason, willRetry: !isLast });
      if (isLast) throw error;
    }
  }
}

function toolsOf(context: StageContext, { run, store, notify }: StageRunner): StageTools {
  return {
    progress: (percent, message) => context.progress(percent, message),
    publish: async (field, content) => {
      const url = await store.write(run.twitchId, field, content);
      notify({ kind: "artifactWritten", field });
      notifyHandedOver(notify, field, await run.updateVideoUrls({ [field]: url }));
    },
  };
}

function notifyHandedOver(notify: Notify, what: string, result: UpdateResult): void {
  const { outcome } = result;
  if (result.ok) notify({ kind: "updateHandedOver", outcome, what });
  else notify({ kind: "updateHandedOver", outcome, what, error: result.error.message });
}
