import { FAIR } from "./FaultProxy.ts";
import type { Finding } from "./finding.ts";
import { createMachine, createVideos, LONG_STORM, type Setting, wrongClock } from "./machine.ts";
import { Random } from "./random.ts";

const WAYS = [
  "alone",
  "completed meanwhile",
  "completed while offline",
  "of an older run",
] as const;

/**
 * Stages whose work throws, in the storm. What the stage has set is undone; what another machine has set, before or meanwhile, stays.
 */
export async function failInStages(setting: Setting & { videos: number }): Promise<Finding> {
  const { backend, proxy, seed } = setting;
  const random = new Random(seed);
  const twitchIds = await createVideos(setting, 70_000, setting.videos);
  let isOffline = false;
  const fetchUnlessOffline: typeof fetch = (...args) =>
    isOffline ? Promise.reject(new TypeError("fetch failed")) : fetch(...args);
  const machine = createMachine(setting, "stages.db", {
    ambient: { clock: wrongClock(random, "stages"), fetch: fetchUnlessOffline },
  });
  const other = createMachine(setting, "stages-other.db", {
    ambient: { clock: wrongClock(random, "other") },
  });
  const settle = async (which: typeof machine) => {
    const { delivered } = await which.flush({ timeoutMs: 60_000 });
    if (!delivered) throw new Error("the storm was too long");
  };
  let wrong = 0;
  proxy.weather = LONG_STORM;
  for (const [index, twitchId] of twitchIds.entries()) {
    const way = WAYS[index % WAYS.length];
    await machine.updateVideoStatus(twitchId, "Downloading");
    await settle(machine);
    const run = way === "of an older run" ? machine.startRun(twitchId) : machine;
    const complete = async () => {
      const newer = way === "of an older run" ? other.startRun(twitchId) : undefined;
      await (newer?.updateVideoStatus("Completed") ??
        other.updateVideoStatus(twitchId, "Completed"));
      await settle(other);
    };
    // The older run is seen first; in time, too, since a start is late by what its first request takes.
    if ("run" in run) {
      await run.updateVideoStatus("Fetching chat");
      await settle(machine);
      await complete();
    }
    isOffline = way === "completed while offline";
    const work = async () => {
      if (way === "completed meanwhile") await settle(machine);
      if (way?.startsWith("completed")) await complete();
      throw new Error("the work failed");
    };
    const stage =
      "run" in run
        ? run.runStage("Transcribing", work)
        : machine.runStage(twitchId, "Transcribing", work);
    await stage.catch(() => undefined);
    isOffline = false;
    await settle(machine);
    const { status } = (await backend.direct.getVideo(twitchId)) ?? {};
    if (status !== (way === "alone" ? "Downloading" : "Completed")) wrong += 1;
  }
  proxy.weather = FAIR;
  await Promise.all([machine.close(), other.close()]);
  return {
    promise: "a failed stage undoes its own status only",
    how: `${twitchIds.length} stages that throw: ${WAYS.join(", ")}; in the storm, clocks up to a year apart`,
    figure: `${wrong} wrong`,
    kept: wrong === 0,
  };
}
