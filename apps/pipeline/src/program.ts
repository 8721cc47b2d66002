import { BackendUnavailableError, ConfigurationError, ConvexManager } from "@klipstream/client";
import type { VideoStatus } from "@klipstream/contract";

import { ArtifactStore } from "./artifacts/artifactStore.ts";
import { RawArtifactError } from "./artifacts/rawArtifacts.ts";
import { notifyParent } from "./notices.ts";
import { readSettings, SettingsError } from "./settings.ts";
import { failOnce } from "./stages/failOnce.ts";
import { reportStatus, runStages } from "./stages/runStages.ts";
import type { Stage } from "./stages/stage.ts";
import { VodFolderError } from "./vod/vodFolderError.ts";

/** How long a program waits at its end for updates that are not delivered yet. They are safe in any case. */
const CLOSE_TIMEOUT_MS = 60_000;

/** One part of a pipeline. */
export type Program = {
  /** What its only argument is, for the usage line. */
  argument: string;
  prepare: (
    argument: string,
    store: ArtifactStore,
  ) => Promise<{ twitchId: string; stages: Stage[] }>;
  /** What the video is when all stages are done. */
  finalStatus?: VideoStatus;
};

/** Bad input: nothing was reported, and running it again changes nothing. */
class InputError extends Error {}

/**
 * Runs one part of a pipeline over one video.
 *
 * @returns The exit code: 0 done, 1 a stage failed, 2 bad input or settings.
 */
export async function runProgram(program: Program): Promise<number> {
  try {
    await run(program);
    return 0;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return isBadInput(error) ? 2 : 1;
  }
}

async function run({ argument, prepare, finalStatus }: Program): Promise<void> {
  const given = process.argv.slice(2);
  const [value] = given;
  if (value === undefined || given.length > 1) throw new InputError(`usage: ${argument}`);
  const settings = readSettings(process.env);
  const store = new ArtifactStore(settings.ARTIFACT_DIR, settings.ARTIFACT_BASE_URL);
  const { twitchId, stages } = await prepare(value, store);

  const manager = ConvexManager.getInstance();
  const removeHooks = manager.installShutdownHooks();
  try {
    await checkVideo(manager, twitchId);
    const run = manager.startRun(twitchId, settings.PIPELINE_RUN);
    const runner = { run, store, notify: notifyParent };
    await runStages(failOnce(stages, settings.PIPELINE_FAIL_ONCE), runner);
    if (finalStatus !== undefined) await reportStatus(finalStatus, runner);
    const { pending } = await manager.close({ timeoutMs: CLOSE_TIMEOUT_MS });
    notifyParent({ kind: "finished", pending });
  } finally {
    await manager.close({ timeoutMs: CLOSE_TIMEOUT_MS });
    removeHooks();
  }
}

/** An outage is no reason not to start: the updates wait in the outbox. */
async function checkVideo(manager: ConvexManager, twitchId: string): Promise<void> {
  try {
    if (await manager.checkVideoExists(twitchId)) return;
  } catch (error) {
    if (error instanceof BackendUnavailableError) return;
    throw error;
  }
  throw new InputError(`the backend has no video ${twitchId}: create it first (video:create)`);
}

function isBadInput(error: unknown): boolean {
  return (
    error instanceof InputError ||
    error instanceof VodFolderError ||
    error instanceof RawArtifactError ||
    error instanceof SettingsError ||
    error instanceof ConfigurationError
  );
}
