import type { ArtifactUrlField, VideoStatus } from "@klipstream/contract";

/** What the work of a stage reports with. */
export type StageTools = {
  /** How much of the stage is done, 0 to 100. */
  progress: (percent: number, message?: string) => void;
  /** Stores an artifact and reports its URL. */
  publish: (field: ArtifactUrlField, content: string) => Promise<void>;
};

/** One step of a pipeline: the status that says that it is under way, and what it does. */
export type Stage = { status: VideoStatus; work: (tools: StageTools) => Promise<void> };
