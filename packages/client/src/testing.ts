export { RecordingManager } from "./testing/RecordingManager.ts";

export type { PipelineManager } from "./manager/Manager.ts";
export type { RecordedCall } from "./testing/RecordingManager.ts";
