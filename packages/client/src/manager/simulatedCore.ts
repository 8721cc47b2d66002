import { STATUS_QUEUED } from "@klipstream/contract";

import { systemClock } from "../clock.ts";
import type { Configuration } from "../config/configuration.ts";
import { DEFAULT_OPTIONS, type ManagerOptions } from "../config/options.ts";
import type { Video, VideoId } from "../integration/ConvexIntegration.ts";
import { createLogger, EventLog } from "../log/log.ts";
import type { ManagerAmbient } from "./LiveCore.ts";
import type { ManagerCore } from "./ManagerCore.ts";

const NOTHING_HELD = {
  accepted: 0,
  acknowledged: 0,
  pending: 0,
  deadLettered: 0,
  oldestAcceptedAt: null,
  oldestSeq: null,
  newestSeq: null,
};

/** The core of test mode: says what it would do; no request, no file. */
export function createSimulatedCore(
  configuration: Configuration,
  options: ManagerOptions,
  ambient: ManagerAmbient,
): ManagerCore {
  const clock = ambient.clock ?? systemClock;
  const log = new EventLog(options.logger ?? createLogger(configuration.logLevel.value));
  const done = () => Promise.resolve({ delivered: true, pending: 0 });
  return {
    clock,
    log,
    defaults: () => ({
      waitMs: options.waitMs ?? DEFAULT_OPTIONS.waitMs,
      createMissing: options.createMissing ?? DEFAULT_OPTIONS.createMissing,
    }),
    take: (identity, checked) => {
      if (!checked.ok) {
        const { error } = checked;
        log.write("update.rejected", error.message, { ...identity, code: error.code });
        return Promise.resolve({ ok: false, outcome: "rejected", ...identity, error });
      }
      log.write("update.simulated", `would send: ${describe(checked.content)}`, identity);
      return Promise.resolve({ ok: true, outcome: "simulated", ...identity });
    },
    getVideo: (twitchId) => {
      log.write("update.simulated", "would read the video", { twitchId });
      return Promise.resolve(simulatedVideo(twitchId, clock.now()));
    },
    reportProgress: ({ twitchId, percent }) =>
      log.write("update.simulated", `would report ${percent} percent`, { twitchId }),
    stats: () => NOTHING_HELD,
    flush: done,
    close: done,
  };
}

function describe(content: { kind: string; update?: object; rollback?: object }): string {
  return JSON.stringify(content.update ?? { rollback: content.rollback });
}

/** Every video exists in test mode: a pipeline that checks first goes on. */
function simulatedVideo(twitchId: string, now: number): Video {
  return {
    _id: `simulated-${twitchId}` as VideoId,
    _creationTime: now,
    twitchId,
    status: STATUS_QUEUED,
    statusChangedAt: now,
  } as Video;
}
