import { ARTIFACT_URL_FIELDS, STATUS_QUEUED } from "@klipstream/contract";

import { type Clock, systemClock } from "../clock.ts";
import { VideoNotFoundError } from "../errors.ts";
import type { Video, VideoId } from "../integration/ConvexIntegration.ts";
import { applyContent, type VideoState } from "../relay/videoState.ts";
import { EventLog } from "../log/log.ts";
import type { EntryContent } from "../outbox/entry.ts";
import type { ManagerCore } from "../manager/ManagerCore.ts";
import type { ProgressReport } from "../manager/ProgressReporter.ts";
import type { UpdateResult } from "../manager/results.ts";

/** One call that a `RecordingManager` saw, in the form in which the real one would have sent it. */
export type RecordedCall = EntryContent | ({ kind: "progress" } & ProgressReport);

/** What a `RecordingManager` knows. */
export type Recording = {
  calls: RecordedCall[];
  videos: Map<string, Video>;
};

const silent = { debug: ignore, info: ignore, warn: ignore, error: ignore };

/** The core of `RecordingManager`: a small model of the backend in memory, without runs and without time. */
export function createRecordingCore(recording: Recording, clock: Clock = systemClock): ManagerCore {
  const earlier = new Map<string, VideoState["earlier"]>();
  const settle = (content: EntryContent): "applied" | VideoNotFoundError => {
    const { twitchId } = content.kind === "update" ? content.update : content.rollback;
    const video = recording.videos.get(twitchId) ?? createMissing(content, clock);
    if (video === null) return new VideoNotFoundError(`there is no video ${twitchId}`);
    const state = { video, earlier: earlier.get(twitchId) ?? [] };
    const changed = applyContent(state, content, clock.now());
    recording.videos.set(twitchId, changed.video);
    earlier.set(twitchId, changed.earlier);
    return "applied";
  };
  const counts = { accepted: 0, acknowledged: 0 };
  const done = () => Promise.resolve({ delivered: true, pending: 0 });
  return {
    clock,
    log: new EventLog(silent),
    defaults: () => ({ waitMs: 0, createMissing: false }),
    take: (identity, checked): Promise<UpdateResult> => {
      if (!checked.ok) return Promise.resolve(rejected(identity, checked.error));
      recording.calls.push(checked.content);
      const outcome = settle(checked.content);
      if (outcome !== "applied") return Promise.resolve(rejected(identity, outcome));
      counts.accepted += 1;
      counts.acknowledged += 1;
      return Promise.resolve({ ok: true, outcome, ...identity });
    },
    getVideo: (twitchId) => Promise.resolve(recording.videos.get(twitchId) ?? null),
    reportProgress: (report) => recording.calls.push({ kind: "progress", ...report }),
    stats: () => ({
      ...counts,
      pending: 0,
      deadLettered: 0,
      oldestAcceptedAt: null,
      oldestSeq: null,
      newestSeq: null,
    }),
    flush: done,
    close: done,
  };
}

/** A video as the backend makes it. */
export function newVideo(twitchId: string, now: number): Video {
  const urls = Object.fromEntries(ARTIFACT_URL_FIELDS.map((field) => [field, undefined]));
  return {
    ...urls,
    _id: `recorded-${twitchId}` as VideoId,
    _creationTime: now,
    twitchId,
    status: STATUS_QUEUED,
    statusChangedAt: now,
  } as Video;
}

function createMissing(content: EntryContent, clock: Clock): Video | null {
  if (content.kind !== "update" || !content.createMissing) return null;
  return newVideo(content.update.twitchId, clock.now());
}

function rejected(
  identity: { twitchId: string; updateId: string },
  error: (UpdateResult & { ok: false })["error"],
): UpdateResult {
  return { ok: false, outcome: "rejected", ...identity, error };
}

function ignore(): void {
  // Nobody reads the log of a recording.
}
