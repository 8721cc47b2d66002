import { randomUUID } from "node:crypto";
import { join, resolve } from "node:path";

import type { Notice } from "../notices.ts";
import { type PipelinePart, runPipelineProcess } from "./pipelineProcess.ts";
import { type Mishap, type PlannedVod, UPDATES_IN_OUTAGE } from "./plan.ts";
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
  /** False where an earlier start had begun with the VOD, and was stopped before its end. */
  isWhole: boolean;
  exitCodes: Record<PipelinePart, number | null>;
  /** How many updates were not acknowledged when the pipeline went on. */
  waited: number;
  /** Updates that the backend or the client refused. */
  rejected: string[];
  /** What the processes wrote to stderr, for explaining a failure. */
  stderr: string;
};

/**
 * Works on one VOD: first the raw part, and when that is done, the analysis part.
 *
 * @param onProgress - Gets a line for people whenever something happens.
 * @throws the reason of `workplace.signal` once that is aborted.
 */
export async function runVod(
  { vod, mishap }: PlannedVod,
  workplace: Workplace,
  onProgress: (line: string) => void,
): Promise<VodRun> {
  const { folder: cwd, signal } = workplace;
  const run: VodRun = {
    isWhole: true,
    exitCodes: { rawPipeline: null, analysisPipeline: null },
    waited: 0,
    rejected: [],
    stderr: "",
  };
  const relay = await startRelay(mishap, workplace.backendUrl, onProgress);
  const onNotice = (notice: Notice): void => {
    count(notice, run);
    const line = progressLine(notice);
    if (line !== null) onProgress(line);
    if (!relay.isCut || run.waited < UPDATES_IN_OUTAGE) return;
    relay.heal();
    onProgress("the backend can be reached again");
  };
  const env = environmentOf(mishap, workplace, relay.url);
  const parts: [PipelinePart, string][] = [
    ["rawPipeline", resolve(vod.path)],
    ["analysisPipeline", vod.twitchId],
  ];
  try {
    for (const [part, argument] of parts) {
      const ended = await runPipelineProcess({ part, argument, env, cwd, onNotice, signal });
      signal.throwIfAborted();
      run.exitCodes[part] = ended.exitCode;
      run.stderr += ended.stderr;
      if (ended.exitCode !== 0) break;
    }
  } finally {
    await relay.close();
  }
  return run;
}

function startRelay(
  mishap: Mishap | null,
  target: string,
  onProgress: (line: string) => void,
): Promise<Relay> {
  const cutAt = mishap?.kind === "backendCutOff" ? JSON.stringify(mishap.status) : null;
  return Relay.start(target, (body) => {
    const isCut = cutAt !== null && body.includes(cutAt);
    if (isCut) onProgress("the backend is cut off");
    return isCut;
  });
}

function environmentOf(
  mishap: Mishap | null,
  workplace: Workplace,
  backendUrl: string,
): Record<string, string> {
  return {
    CONVEX_URL: backendUrl,
    CONVEX_API_KEY: workplace.pipelineKey,
    CONVEX_OUTBOX_PATH: join(workplace.folder, "outbox.db"),
    LOG_LEVEL: "error",
    ARTIFACT_DIR: workplace.artifactFolder,
    ARTIFACT_BASE_URL: workplace.artifactUrl,
    // Both parts are one run: a rollback in the second may reach back into the first.
    PIPELINE_RUN: JSON.stringify({ id: randomUUID(), startedAt: Date.now() }),
    ...(mishap?.kind === "stageFailsOnce" && { PIPELINE_FAIL_ONCE: mishap.status }),
  };
}

function count(notice: Notice, run: VodRun): void {
  if (notice.kind !== "updateHandedOver") return;
  if (notice.outcome === "queued") run.waited += 1;
  if (notice.outcome === "rejected") run.rejected.push(`${notice.what}: ${notice.error ?? ""}`);
}

function progressLine(notice: Notice): string | null {
  switch (notice.kind) {
    case "stageStarted":
      return notice.attempt === 1 ? notice.status : `${notice.status}, attempt ${notice.attempt}`;
    case "stageFailed":
      return `${notice.reason}${notice.willRetry ? "; rolled back" : ""}`;
    case "updateHandedOver":
      return notice.outcome === "queued" ? `${notice.what} waits in the outbox` : null;
    case "artifactWritten":
    case "finished":
      return null;
  }
}
