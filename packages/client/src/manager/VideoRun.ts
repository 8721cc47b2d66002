import type { ArtifactUrls, Run, VideoStatus } from "@klipstream/contract";

import { runStage, type StageContext, type StageOptions, type VideoReporter } from "./runStage.ts";
import type { PipelineProgress, RollbackOptions, UpdateOptions, UpdateResult } from "./update.ts";

type RunOptions = Omit<UpdateOptions, "run">;

/** One execution of the pipeline over one video: the manager's verbs, bound to it and fenced. */
export class VideoRun {
  readonly twitchId: string;
  /** Hand this to the pipeline's next process, for `startRun(twitchId, run)`. */
  readonly run: Run;
  readonly #reporter: VideoReporter;

  /** @internal */
  constructor(twitchId: string, run: Run, reporter: VideoReporter) {
    this.twitchId = twitchId;
    this.run = run;
    this.#reporter = reporter;
  }

  updateVideoStatus(status: VideoStatus, options?: RunOptions): Promise<UpdateResult> {
    return this.#reporter.update({ status }, { ...options, run: this.run });
  }

  updateVideoUrls(urls: ArtifactUrls, options?: RunOptions): Promise<UpdateResult> {
    return this.#reporter.update({ urls }, { ...options, run: this.run });
  }

  updatePipelineProgress(progress: PipelineProgress, options?: RunOptions): Promise<UpdateResult> {
    return this.#reporter.update(progress, { ...options, run: this.run });
  }

  rollbackStatus(options?: Omit<RollbackOptions, "run">): Promise<UpdateResult> {
    return this.#reporter.rollBack({ ...options, run: this.run });
  }

  reportProgress(percent: number, message?: string): void {
    this.#reporter.reportProgress(percent, message, this.run);
  }

  runStage<T>(
    status: VideoStatus,
    work: (stage: StageContext) => Promise<T> | T,
    options?: StageOptions,
  ): Promise<T> {
    return runStage(this.#reporter, { status, work, options, run: this.run });
  }
}
