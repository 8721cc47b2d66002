export { RecordingManager } from "./testing/RecordingManager.ts";
export { VirtualClock } from "./testing/VirtualClock.ts";

export type { PipelineManager } from "./manager/Manager.ts";
export type { RecordedCall } from "./testing/RecordingManager.ts";
