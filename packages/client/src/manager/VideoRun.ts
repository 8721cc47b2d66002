import type { ArtifactUrls, Run, VideoStatus } from "@klipstream/contract";

import type {
  PipelineProgress,
  RollbackOptions,
  StageContext,
  StageOptions,
  UpdateOptions,
  UpdateResult,
} from "./results.ts";
import { runStage, type StageReporter } from "./runStage.ts";

type RunOptions = Omit<UpdateOptions, "run">;

/** What a run is built on. */
export type RunReporter = {
  update(progress: PipelineProgress, options: UpdateOptions): Promise<UpdateResult>;
  rollBack(options: RollbackOptions): Promise<UpdateResult>;
  reportProgress(percent: number, message: string | undefined, run: Run): void;
} & Pick<StageReporter, "clock">;

/** One execution of the pipeline over one video: the manager's verbs, bound to it and fenced. */
export class VideoRun {
  readonly twitchId: string;
  /** Hand this to the pipeline's next process, for `startRun(twitchId, run)`. */
  readonly run: Run;
  readonly #reporter: RunReporter;

  constructor(twitchId: string, run: Run, reporter: RunReporter) {
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
    const reporter: StageReporter = {
      clock: this.#reporter.clock,
      updateStatus: (to, reason) =>
        this.updateVideoStatus(to, reason === undefined ? {} : { reason }),
      rollBack: (reason, undoes) => this.rollbackStatus({ reason, undoes }),
      reportProgress: (percent, message) => this.reportProgress(percent, message),
    };
    return runStage(reporter, { status, work, options });
  }
}
