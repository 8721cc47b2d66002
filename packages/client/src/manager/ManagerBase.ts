import { randomUUID } from "node:crypto";

import {
  type ArtifactUrls,
  type Run,
  twitchIdSchema,
  type VideoStatus,
} from "@klipstream/contract";

import { elapsedMs, type Moment, momentOf } from "../clock.ts";
import type { InvalidInputError } from "../errors.ts";
import { parseInput } from "../integration/checks.ts";
import type { Video } from "../integration/ConvexIntegration.ts";
import type { OutboxStats } from "../outbox/store.ts";
import {
  type CallContext,
  checkProgress,
  checkRollback,
  checkTimeout,
  checkUpdate,
  identify,
} from "./checkUpdate.ts";
import type { ManagerCore } from "./ManagerCore.ts";
import type { PipelineManager } from "./PipelineManager.ts";
import type { ProgressReport } from "./ProgressReporter.ts";
import type {
  FlushResult,
  PipelineProgress,
  RollbackOptions,
  StageContext,
  StageOptions,
  UpdateOptions,
  UpdateResult,
} from "./results.ts";
import { runStage } from "./runStage.ts";
import { VideoRun } from "./VideoRun.ts";

const FLUSH_TIMEOUT_MS = 30_000;
const CLOSE_TIMEOUT_MS = 8000;

/** The verbs, over whatever core there is: they check, the core acts. */
export class ManagerBase implements PipelineManager {
  readonly #core: ManagerCore;
  #lastRunStartedAt = 0;
  /** When the runs that this manager has started began, on a clock that does not jump. */
  readonly #starts = new WeakMap<Run, Moment>();

  constructor(core: ManagerCore) {
    this.#core = core;
  }

  async checkVideoExists(twitchId: string): Promise<boolean> {
    return (await this.getVideo(twitchId)) !== null;
  }

  async getVideo(twitchId: string): Promise<Video | null> {
    return this.#core.getVideo(parseInput(twitchIdSchema, twitchId));
  }

  updateVideoStatus(
    twitchId: string,
    status: VideoStatus,
    options?: UpdateOptions,
  ): Promise<UpdateResult> {
    return this.#update(twitchId, { status }, options);
  }

  updateVideoUrls(
    twitchId: string,
    urls: ArtifactUrls,
    options?: UpdateOptions,
  ): Promise<UpdateResult> {
    return this.#update(twitchId, { urls }, options);
  }

  updatePipelineProgress(
    twitchId: string,
    progress: PipelineProgress,
    options?: UpdateOptions,
  ): Promise<UpdateResult> {
    return this.#update(twitchId, progress, options);
  }

  rollbackStatus(twitchId: string, options?: RollbackOptions): Promise<UpdateResult> {
    const identity = identify(twitchId, options);
    const call = { identity, twitchId, options };
    return this.#core.take(identity, checkRollback(call, this.#context()));
  }

  reportProgress(twitchId: string, percent: number, message?: string): void {
    this.#reportProgress({ twitchId, percent, message });
  }

  startRun(twitchId: string, run?: Run): VideoRun {
    const { clock } = this.#core;
    return new VideoRun(twitchId, run ?? this.#newRun(), {
      clock,
      update: (progress, options) => this.#update(twitchId, progress, options),
      rollBack: (options) => this.rollbackStatus(twitchId, options),
      reportProgress: (percent, message, ofRun) =>
        this.#reportProgress({
          twitchId,
          percent,
          message,
          run: { id: ofRun.id, ageMs: elapsedMs(this.#startOf(ofRun), momentOf(clock)) },
        }),
    });
  }

  // The design's signature: it reads as a sentence, and the last is optional.
  // eslint-disable-next-line max-params
  runStage<T>(
    twitchId: string,
    status: VideoStatus,
    work: (stage: StageContext) => Promise<T> | T,
    options?: StageOptions,
  ): Promise<T> {
    const reporter = {
      clock: this.#core.clock,
      updateStatus: (to: VideoStatus, reason?: string) =>
        this.updateVideoStatus(twitchId, to, { reason }),
      rollBack: (reason: string, undoes: string) =>
        this.rollbackStatus(twitchId, { reason, undoes }),
      reportProgress: (percent: number, message?: string) =>
        this.reportProgress(twitchId, percent, message),
    };
    return runStage(reporter, { status, work, options });
  }

  async flush(options?: { timeoutMs?: number }): Promise<FlushResult> {
    return this.#core.flush(checkTimeout(options, FLUSH_TIMEOUT_MS));
  }

  async close(options?: { timeoutMs?: number }): Promise<FlushResult> {
    return this.#core.close(checkTimeout(options, CLOSE_TIMEOUT_MS));
  }

  /** The outbox's books for this deployment: accepted = acknowledged + pending + deadLettered, at any time. */
  stats(): OutboxStats {
    return this.#core.stats();
  }

  // Not async: what is accepted is on disk when the call returns, before anyone awaits it.
  #update(
    twitchId: string,
    progress: PipelineProgress,
    options: UpdateOptions | undefined,
  ): Promise<UpdateResult> {
    const identity = identify(twitchId, options);
    const call = { identity, twitchId, options };
    return this.#core.take(identity, checkUpdate(call, progress, this.#context()));
  }

  #context(): CallContext {
    const now = momentOf(this.#core.clock);
    return { ...this.#core.defaults(), now, startOf: (run) => this.#startOf(run) };
  }

  #startOf(run: Run): Moment {
    return this.#starts.get(run) ?? { at: run.startedAt, uptime: null };
  }

  #reportProgress(report: ProgressReport): void {
    const error = checkProgress(report);
    if (error === null) this.#core.reportProgress(report);
    else this.#dropProgress(error);
  }

  #dropProgress(error: InvalidInputError): void {
    this.#core.log.write("progress.dropped", error.message, { code: error.code });
  }

  /** Later than any run that this process started before, also within one millisecond. */
  #newRun(): Run {
    const { clock } = this.#core;
    this.#lastRunStartedAt = Math.max(clock.now(), this.#lastRunStartedAt + 1);
    const run = { id: randomUUID(), startedAt: this.#lastRunStartedAt };
    this.#starts.set(run, momentOf(clock));
    return run;
  }
}
