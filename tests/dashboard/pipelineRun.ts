import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

import type { ArtifactUrlField, ArtifactUrls } from "@klipstream/contract";

import { PROJECT, type Stage } from "./stage.ts";

const run = promisify(execFile);
const PIPELINE = join(PROJECT, "apps/pipeline");

/** The VODs of this repository that tests run. */
export const VODS = {
  "cooking-souffle": "2398441206",
  "speedrun-final-boss": "2412907385",
} as const;

/** How the pipeline names the output files. */
const FILES = {
  transcriptUrl: "transcript.csv",
  chatUrl: "chat.csv",
  audiowaveUrl: "audiowave.json",
  transcriptAnalysisUrl: "analysis.json",
  transcriptWordUrl: "words.csv",
} as const satisfies Record<ArtifactUrlField, string>;

/** Runs both parts of the real pipeline over a VOD, as an operator does; returns where its output files are. */
export async function runPipeline(
  stage: Stage,
  {
    vod,
    artifactFolder,
    artifactUrl,
  }: { vod: keyof typeof VODS; artifactFolder: string; artifactUrl: string },
): Promise<ArtifactUrls> {
  const twitchId = VODS[vod];
  await stage.mutate("video:create", { twitchId });
  const env = {
    PATH: process.env["PATH"],
    CONVEX_URL: stage.deployment.url,
    CONVEX_API_KEY: await stage.key({ account: "raw-pipeline" }),
    CONVEX_OUTBOX_PATH: join(artifactFolder, "outbox.db"),
    LOG_LEVEL: "error",
    ARTIFACT_DIR: artifactFolder,
    ARTIFACT_BASE_URL: artifactUrl,
  };
  const start = (part: string, argument: string) =>
    run(
      process.execPath,
      ["--import", import.meta.resolve("tsx"), join(PIPELINE, `src/${part}.ts`), argument],
      { cwd: artifactFolder, env },
    );
  await start("rawPipeline", join(PIPELINE, "vods", vod));
  await start("analysisPipeline", twitchId);
  return Object.fromEntries(
    Object.entries(FILES).map(([field, file]) => [field, `${artifactUrl}/${twitchId}/${file}`]),
  );
}
