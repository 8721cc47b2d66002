import type { ArtifactUrls, Run, VideoStatus } from "@klipstream/contract";

import type { Video } from "../integration/ConvexIntegration.ts";
import type {
  FlushResult,
  PipelineProgress,
  RollbackOptions,
  StageContext,
  StageOptions,
  UpdateOptions,
  UpdateResult,
} from "./results.ts";
import type { VideoRun } from "./VideoRun.ts";

/** What a pipeline calls. `ConvexManager` is the real one, `RecordingManager` the one for a pipeline's own tests. */
export type PipelineManager = {
  /**
   * Whether the backend has a video with this Twitch ID.
   *
   * @throws BackendUnavailableError when it cannot know, with the reason as its cause: it never guesses.
   * @throws InvalidInputError
   */
  checkVideoExists(twitchId: string): Promise<boolean>;
  /**
   * The video, or null when the backend has none with this Twitch ID.
   *
   * @throws BackendUnavailableError when it cannot know, with the reason as its cause.
   * @throws InvalidInputError
   */
  getVideo(twitchId: string): Promise<Video | null>;
  /** Sets a video's status. Never throws. */
  updateVideoStatus(
    twitchId: string,
    status: VideoStatus,
    options?: UpdateOptions,
  ): Promise<UpdateResult>;
  /** Sets some of a video's artifact URLs. Never throws. */
  updateVideoUrls(
    twitchId: string,
    urls: ArtifactUrls,
    options?: UpdateOptions,
  ): Promise<UpdateResult>;
  /** Sets a status, URLs, or both in one transaction. Never throws. */
  updatePipelineProgress(
    twitchId: string,
    progress: PipelineProgress,
    options?: UpdateOptions,
  ): Promise<UpdateResult>;
  /** Undoes the last status change of the video's current run, after all updates that were accepted before. Never throws. */
  rollbackStatus(twitchId: string, options?: RollbackOptions): Promise<UpdateResult>;
  /**
   * Reports how much of the current stage is done. Lossy: at most one request per video and second, the newest wins, nothing on
   * disk. Returns at once and never throws.
   *
   * @param percent - 0 to 100.
   * @param message - What is being done; cut at 1,000 characters.
   */
  reportProgress(twitchId: string, percent: number, message?: string): void;
  /**
   * Starts a run: the same verbs bound to one video, and fenced. From its first update on, updates of older runs of this video change
   * nothing.
   *
   * @param run - Continue this run instead: for a pipeline whose parts are processes of their own.
   */
  startRun(twitchId: string, run?: Run): VideoRun;
  /**
   * Reports a status, runs the work with a heartbeat every 30 s, and undoes the status or sets `Failed` when the work throws.
   *
   * @returns What the work returns.
   * @throws What the work throws.
   */
  runStage<T>(
    twitchId: string,
    status: VideoStatus,
    work: (stage: StageContext) => Promise<T> | T,
    options?: StageOptions,
  ): Promise<T>;
  /**
   * Waits until every update that was accepted before the call is delivered.
   *
   * @param options.timeoutMs - How long at most, in milliseconds. Default: 30000.
   * @throws InvalidInputError for a time that is none.
   */
  flush(options?: { timeoutMs?: number }): Promise<FlushResult>;
  /**
   * Flushes, stops and gives everything back. What is pending stays on disk for the next process. A second call returns
   * the first one's result.
   *
   * @param options.timeoutMs - How long at most, in milliseconds. Default: 8000, less than the 10 s that Cloud Run gives.
   * @throws InvalidInputError for a time that is none; nothing is closed then.
   */
  close(options?: { timeoutMs?: number }): Promise<FlushResult>;
};
