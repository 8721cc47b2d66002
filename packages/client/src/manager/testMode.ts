import { ARTIFACT_URL_FIELDS, STATUS_QUEUED } from "@klipstream/contract";

import { systemClock } from "../clock.ts";
import type { Configuration } from "../config/configuration.ts";
import { type ManagerOptions, resolveUpdateDefaults } from "../config/options.ts";
import type { Video, VideoId } from "../integration/ConvexIntegration.ts";
import { createLogger, EventLog } from "../log/log.ts";
import { twitchIdOf, updateIdOf } from "../outbox/entry.ts";
import { NOTHING_HELD } from "../outbox/store.ts";
import type { ManagerAmbient } from "./connectToBackend.ts";
import type { ManagerParts } from "./Manager.ts";

/** The parts of a manager in test mode: they log what would be sent. No request, no file. */
export function startTestMode(
  configuration: Configuration,
  options: ManagerOptions,
  { clock = systemClock }: ManagerAmbient,
): ManagerParts {
  const log = new EventLog(options.logger ?? createLogger(configuration.logLevel.value));
  return {
    clock,
    log,
    defaults: resolveUpdateDefaults(options),
    outbox: {
      ...NO_OUTBOX,
      accept: ({ content }) => {
        const identity = { twitchId: twitchIdOf(content), updateId: updateIdOf(content) };
        const what = content.kind === "update" ? content.update : { rollback: content.rollback };
        log.write("update.simulated", `would send: ${JSON.stringify(what)}`, identity);
        return Promise.resolve({ accepted: true, outcome: "simulated" });
      },
    },
    progress: {
      report: ({ twitchId, percent }) =>
        log.write("update.simulated", `would report ${percent} percent`, { twitchId }),
      close: () => undefined,
    },
    // Every video exists: a pipeline that checks first goes on.
    getVideo: (twitchId) => {
      log.write("update.simulated", "would read the video", { twitchId });
      return Promise.resolve(createVideo(`simulated-${twitchId}`, twitchId, clock.now()));
    },
    disconnect: () => undefined,
  };
}

/** In place of an outbox, where nothing is kept. */
export const NO_OUTBOX: Omit<ManagerParts["outbox"], "accept"> = {
  stats: () => NOTHING_HELD,
  flush: () => Promise.resolve({ delivered: true, pending: 0 }),
  close: () => Promise.resolve({ delivered: true, pending: 0 }),
};

/** A video as the backend creates it. */
export function createVideo(videoId: string, twitchId: string, now: number): Video {
  const urls = Object.fromEntries(ARTIFACT_URL_FIELDS.map((field) => [field, undefined]));
  return {
    ...urls,
    _id: videoId as VideoId,
    _creationTime: now,
    twitchId,
    status: STATUS_QUEUED,
    statusChangedAt: now,
  } as Video;
}
