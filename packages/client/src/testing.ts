import type { Video } from "./integration/ConvexIntegration.ts";
import { ManagerBase } from "./manager/ManagerBase.ts";
import { createRecordingCore, newVideo, type RecordedCall } from "./testing/RecordingManager.ts";

/**
 * A manager for a pipeline's own tests: takes the same calls with the same checks, keeps them, and plays them on a small model
 * of the backend in memory. No request, no file, no waiting.
 */
export class RecordingManager extends ManagerBase {
  /** Every call that passed its checks, in order. */
  readonly calls: readonly RecordedCall[];
  readonly #videos: Map<string, Video>;

  /** @param twitchIds - The videos that exist. */
  constructor(twitchIds: readonly string[] = []) {
    const calls: RecordedCall[] = [];
    const videos = new Map(twitchIds.map((id) => [id, newVideo(id, Date.now())]));
    super(createRecordingCore({ calls, videos }));
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
    return this.#videos.get(twitchId);
  }
}

export { VirtualClock } from "./testing/VirtualClock.ts";

export type { PipelineManager } from "./manager/PipelineManager.ts";
export type { RecordedCall } from "./testing/RecordingManager.ts";
