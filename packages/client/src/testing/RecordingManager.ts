import { systemClock } from "../clock.ts";
import { VideoNotFoundError } from "../errors.ts";
import type { Video } from "../integration/ConvexIntegration.ts";
import { EventLog } from "../log/log.ts";
import { Manager, type ManagerParts } from "../manager/Manager.ts";
import type { ProgressReport } from "../manager/ProgressReporter.ts";
import { createVideo, NO_OUTBOX } from "../manager/testMode.ts";
import type { UpdateAnswer } from "../outbox/delivery.ts";
import { type EntryContent, twitchIdOf } from "../outbox/entry.ts";
import { NOTHING_HELD } from "../outbox/store.ts";
import { applyContent, type VideoState } from "../relay/videoState.ts";

/** One call that a `RecordingManager` saw, in the form in which the real one would have sent it. */
export type RecordedCall = EntryContent | ({ kind: "progress" } & ProgressReport);

/**
 * A manager for a pipeline's own tests: takes the same calls with the same checks, keeps them, and plays them on a small model
 * of the backend in memory. No request, no file, no waiting.
 */
export class RecordingManager extends Manager {
  /** Every call that passed its checks, in order. */
  readonly calls: readonly RecordedCall[];
  readonly #videos: Map<string, VideoState>;

  /** @param twitchIds - The videos that exist. */
  constructor(twitchIds: readonly string[] = []) {
    const calls: RecordedCall[] = [];
    const videos = new Map(twitchIds.map((twitchId) => [twitchId, newVideoState(twitchId)]));
    super(recordInto(calls, videos));
    this.calls = calls;
    this.#videos = videos;
  }

  /** The statuses that were reported for a video, in order. */
  statusesOf(twitchId: string): string[] {
    return this.calls.flatMap((call) =>
      call.kind === "update" &&
      call.update.twitchId === twitchId &&
      call.update.status !== undefined
        ? [call.update.status]
        : [],
    );
  }

  /** A video as it is after all calls so far; undefined when there is none. */
  videoOf(twitchId: string): Video | undefined {
    return this.#videos.get(twitchId)?.video;
  }
}

function recordInto(calls: RecordedCall[], videos: Map<string, VideoState>): ManagerParts {
  let applied = 0;
  const record = (content: EntryContent): UpdateAnswer => {
    calls.push(content);
    const twitchId = twitchIdOf(content);
    const mayCreate = content.kind === "update" && content.createMissing;
    const before = videos.get(twitchId) ?? (mayCreate ? newVideoState(twitchId) : undefined);
    if (before === undefined)
      return { accepted: false, error: new VideoNotFoundError(`there is no video ${twitchId}`) };
    videos.set(twitchId, applyContent(before, content, Date.now()));
    applied += 1;
    return { accepted: true, outcome: "applied" };
  };
  return {
    clock: systemClock,
    log: new EventLog({ debug: ignore, info: ignore, warn: ignore, error: ignore }),
    defaults: { waitMs: 0, createMissing: false },
    outbox: {
      ...NO_OUTBOX,
      accept: ({ content }) => Promise.resolve(record(content)),
      stats: () => ({ ...NOTHING_HELD, accepted: applied, acknowledged: applied }),
    },
    progress: {
      report: (report) => void calls.push({ kind: "progress", ...report }),
      close: ignore,
    },
    getVideo: (twitchId) => Promise.resolve(videos.get(twitchId)?.video ?? null),
    disconnect: ignore,
  };
}

function newVideoState(twitchId: string): VideoState {
  return { video: createVideo(`recorded-${twitchId}`, twitchId, Date.now()), earlier: [] };
}

function ignore(): void {
  // A recording has no log that anybody reads, and no requests.
}
