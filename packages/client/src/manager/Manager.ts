import { randomUUID } from "node:crypto";

import {
  type ArtifactUrls,
  type Run,
  twitchIdSchema,
  type VideoStatus,
} from "@klipstream/contract";

import { type Clock, elapsedMs, type Moment, momentOf } from "../clock.ts";
import { parseInput } from "../integration/parseInput.ts";
import type { Video } from "../integration/ConvexIntegration.ts";
import type { EventLog } from "../log/log.ts";
import type { FlushResult, Outbox } from "../outbox/Outbox.ts";
import type { OutboxStats } from "../outbox/store.ts";
import {
  type Call,
  type CheckedUpdate,
  checkProgress,
  checkRollback,
  checkTimeout,
  checkUpdate,
  identify,
  type UpdateDefaults,
} from "./checkCall.ts";
import type { ProgressReport, ProgressReporter } from "./ProgressReporter.ts";
import { runStage, type StageContext, type StageOptions, type VideoReporter } from "./runStage.ts";
import type {
  PipelineProgress,
  RollbackOptions,
  UpdateIdentity,
  UpdateOptions,
  UpdateResult,
} from "./update.ts";
import { VideoRun } from "./VideoRun.ts";

const FLUSH_TIMEOUT_MS = 30_000;
const CLOSE_TIMEOUT_MS = 8000;

/** What a manager hands its calls to once they are checked: the real things, or those of test mode or of a recording. */
export type ManagerParts = {
  clock: Clock;
  log: EventLog;
  defaults: UpdateDefaults;
  outbox: Pick<Outbox, "accept" | "stats" | "flush" | "close">;
  progress: Pick<ProgressReporter, "report" | "close">;
  getVideo(twitchId: string): Promise<Video | null>;
  /** Ends the requests that are still under way. */
  disconnect: () => void;
};

/** What a pipeline calls. `ConvexManager` is the real one, `RecordingManager` the one for a pipeline's own tests. */
export type PipelineManager = Omit<Manager, "stats">;

/** The calls of every manager. An update is checked here, accepted by `Outbox`, delivered by `Dispatcher`, settled by `Settler`. */
export class Manager {
  readonly #parts: ManagerParts;
  /** When the runs that this manager has started began, on a clock that does not jump. */
  readonly #starts = new WeakMap<Run, Moment>();
  #lastRunStartedAt = 0;
  #closing: Promise<FlushResult> | undefined;

  /** @internal */
  constructor(parts: ManagerParts) {
    this.#parts = parts;
  }

  /**
   * Whether the backend has a video with this Twitch ID.
   *
   * @throws BackendUnavailableError when it cannot know, with the reason as its cause: it never guesses.
   * @throws InvalidInputError
   */
  async checkVideoExists(twitchId: string): Promise<boolean> {
    return (await this.getVideo(twitchId)) !== null;
  }

  /**
   * The video, or null when the backend has none with this Twitch ID.
   *
   * @throws BackendUnavailableError when it cannot know, with the reason as its cause.
   * @throws InvalidInputError
   */
  async getVideo(twitchId: string): Promise<Video | null> {
    return this.#parts.getVideo(parseInput(twitchIdSchema, twitchId));
  }

  /** Sets a video's status. Never throws. */
  updateVideoStatus(
    twitchId: string,
    status: VideoStatus,
    options?: UpdateOptions,
  ): Promise<UpdateResult> {
    return this.updatePipelineProgress(twitchId, { status }, options);
  }

  /** Sets some of a video's artifact URLs. Never throws. */
  updateVideoUrls(
    twitchId: string,
    urls: ArtifactUrls,
    options?: UpdateOptions,
  ): Promise<UpdateResult> {
    return this.updatePipelineProgress(twitchId, { urls }, options);
  }

  /** Sets a status, URLs, or both in one transaction. Never throws. */
  updatePipelineProgress(
    twitchId: string,
    progress: PipelineProgress,
    options?: UpdateOptions,
  ): Promise<UpdateResult> {
    const call = this.#callOf(twitchId, options);
    return this.#accept(call.identity, checkUpdate(call, progress));
  }

  /** Undoes the last status change of the video's current run, after all updates that were accepted before. Never throws. */
  rollbackStatus(twitchId: string, options?: RollbackOptions): Promise<UpdateResult> {
    const call = this.#callOf(twitchId, options);
    return this.#accept(call.identity, checkRollback(call));
  }

  /**
   * Reports how much of the current stage is done. Lossy: at most one request per video and second, the newest wins, nothing on
   * disk. Returns at once and never throws.
   *
   * @param percent - 0 to 100.
   * @param message - What is being done; cut at 1,000 characters.
   */
  reportProgress(twitchId: string, percent: number, message?: string): void {
    this.#reportProgress({ twitchId, percent, message });
  }

  /**
   * Starts a run: the same verbs bound to one video, and fenced. From its first update on, updates of older runs of this video change
   * nothing.
   *
   * @param run - Continue this run instead: for a pipeline whose parts are processes of their own.
   */
  startRun(twitchId: string, run?: Run): VideoRun {
    return new VideoRun(twitchId, run ?? this.#newRun(), this.#reporterOf(twitchId));
  }

  /**
   * Reports a status, runs the work with a heartbeat every 30 s, and undoes the status or sets `Failed` when the work throws.
   *
   * @returns What the work returns.
   * @throws What the work throws.
   */
  // The design's signature: it reads as a sentence, and the last is optional.
  // eslint-disable-next-line max-params
  runStage<T>(
    twitchId: string,
    status: VideoStatus,
    work: (stage: StageContext) => Promise<T> | T,
    options?: StageOptions,
  ): Promise<T> {
    return runStage(this.#reporterOf(twitchId), { status, work, options });
  }

  /**
   * Waits until every update that was accepted before the call is delivered.
   *
   * @param options.timeoutMs - How long at most, in milliseconds. Default: 30000.
   * @throws InvalidInputError for a time that is none.
   */
  async flush(options?: { timeoutMs?: number }): Promise<FlushResult> {
    return this.#parts.outbox.flush(checkTimeout(options, FLUSH_TIMEOUT_MS));
  }

  /**
   * Flushes, stops and gives everything back. What is pending stays on disk for the next process. A second call returns
   * the first one's result.
   *
   * @param options.timeoutMs - How long at most, in milliseconds. Default: 8000, less than the 10 s that Cloud Run gives.
   * @throws InvalidInputError for a time that is none; nothing is closed then.
   */
  async close(options?: { timeoutMs?: number }): Promise<FlushResult> {
    const timeoutMs = checkTimeout(options, CLOSE_TIMEOUT_MS);
    const { progress, outbox, disconnect } = this.#parts;
    progress.close();
    this.#closing ??= outbox.close(timeoutMs).finally(disconnect);
    return this.#closing;
  }

  /** The outbox's books for this deployment: accepted = acknowledged + pending + deadLettered, at any time. */
  stats(): OutboxStats {
    return this.#parts.outbox.stats();
  }

  /** Nothing is awaited before the outbox has the update: it is on disk when the call returns. */
  async #accept(identity: UpdateIdentity, checked: CheckedUpdate): Promise<UpdateResult> {
    const { log, outbox } = this.#parts;
    if (!checked.ok) {
      const { error } = checked;
      log.write("update.rejected", error.message, { ...identity, code: error.code });
      return { ok: false, outcome: "rejected", ...identity, error };
    }
    const answer = await outbox.accept(checked);
    return answer.accepted
      ? { ok: true, outcome: answer.outcome, ...identity, answer: answer.answer }
      : { ok: false, outcome: "rejected", ...identity, error: answer.error };
  }

  #callOf<Options>(twitchId: string, options: Options): Call<Options> {
    const { clock, defaults } = this.#parts;
    const identity = identify(twitchId, options);
    const startOf = (run: Run) => this.#startOf(run);
    return { identity, twitchId, options, defaults, now: momentOf(clock), startOf };
  }

  #reporterOf(twitchId: string): VideoReporter {
    const { clock } = this.#parts;
    return {
      clock,
      update: (progress, options) => this.updatePipelineProgress(twitchId, progress, options),
      rollBack: (options) => this.rollbackStatus(twitchId, options),
      reportProgress: (percent, message, run) =>
        this.#reportProgress({
          twitchId,
          percent,
          message,
          run: run && { id: run.id, ageMs: elapsedMs(this.#startOf(run), momentOf(clock)) },
        }),
    };
  }

  #reportProgress(report: ProgressReport): void {
    const { progress, log } = this.#parts;
    const error = checkProgress(report);
    if (error === null) progress.report(report);
    else log.write("progress.dropped", error.message, { code: error.code });
  }

  #startOf(run: Run): Moment {
    return this.#starts.get(run) ?? { at: run.startedAt, uptime: null };
  }

  /** Later than any run that this process started before, also within one millisecond. */
  #newRun(): Run {
    const { clock } = this.#parts;
    this.#lastRunStartedAt = Math.max(clock.now(), this.#lastRunStartedAt + 1);
    const run = { id: randomUUID(), startedAt: this.#lastRunStartedAt };
    this.#starts.set(run, momentOf(clock));
    return run;
  }
}
