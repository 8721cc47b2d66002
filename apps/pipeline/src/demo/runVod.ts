import { randomUUID } from "node:crypto";
import { join, resolve } from "node:path";

import type { Notice } from "../notices.ts";
import { type PipelinePart, runPipelineProcess } from "./pipelineProcess.ts";
import { type PlannedVod, UPDATES_IN_OUTAGE } from "./plan.ts";
import { Relay } from "./relay.ts";

/** What the pipelines of all VODs share. */
export type Workplace = {
  backendUrl: string;
  pipelineKey: string;
  /** A folder of the demo's own, removed at its end. */
  folder: string;
  artifactFolder: string;
  artifactUrl: string;
  signal: AbortSignal;
};

/** What the pipeline of one VOD did, as its processes told it. */
export type VodRun = {
  exitCodes: Record<PipelinePart, number | null>;
  /** How many updates were not acknowledged when the pipeline went on. */
  waited: number;
  /** Updates that the backend or the client refused. */
  rejected: string[];
  /** What the processes wrote to stderr, for explaining a failure. */
  stderr: string;
};

/** Works on one VOD: first the raw part, and when that is done, the analysis part. */
export async function runVod(
  { vod, mishap }: PlannedVod,
  workplace: Workplace,
  onNotice: (notice: Notice) => void,
): Promise<VodRun> {
  const run: VodRun = {
    exitCodes: { rawPipeline: null, analysisPipeline: null },
    waited: 0,
    rejected: [],
    stderr: "",
  };
  const cutAt = mishap?.kind === "backendCutOff" ? JSON.stringify(mishap.status) : null;
  const relay = await Relay.start(workplace.backendUrl, (body) =>
    cutAt === null ? false : body.includes(cutAt),
  );
  const take = (notice: Notice): void => {
    if (notice.kind === "updateHandedOver") {
      if (notice.outcome === "queued") run.waited += 1;
      if (notice.outcome === "rejected") run.rejected.push(`${notice.what}: ${notice.error ?? ""}`);
    }
    onNotice(notice);
    if (relay.isCut && run.waited >= UPDATES_IN_OUTAGE) relay.heal();
  };
  const env = {
    CONVEX_URL: relay.url,
    CONVEX_API_KEY: workplace.pipelineKey,
    CONVEX_OUTBOX_PATH: join(workplace.folder, "outbox.db"),
    LOG_LEVEL: "error",
    ARTIFACT_DIR: workplace.artifactFolder,
    ARTIFACT_BASE_URL: workplace.artifactUrl,
    // Both parts are one run: the analysis must not fence off what the raw part still has in the outbox.
    PIPELINE_RUN: JSON.stringify({ id: randomUUID(), startedAt: Date.now() }),
    ...(mishap?.kind === "stageFailsOnce" && { PIPELINE_FAIL_ONCE: mishap.status }),
  };
  const parts: [PipelinePart, string][] = [
    ["rawPipeline", resolve(vod.path)],
    ["analysisPipeline", vod.twitchId],
  ];
  try {
    for (const [part, argument] of parts) {
      const { folder: cwd, signal } = workplace;
      const ended = await runPipelineProcess({ part, argument, env, cwd, onNotice: take, signal });
      run.exitCodes[part] = ended.exitCode;
      run.stderr += ended.stderr;
      if (ended.exitCode !== 0) break;
    }
  } finally {
    await relay.close();
  }
  return run;
}
