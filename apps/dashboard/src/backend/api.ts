import type { ArtifactUrlField } from "@klipstream/contract";
import { anyApi, type FunctionReturnType } from "convex/server";

import type { api } from "../../../../convex/_generated/api";

/** The backend's functions, typed by its generated code; at run time only their names. */
export const backend = anyApi as unknown as typeof api;

/** What a viewer may know of a video. */
export type Video = FunctionReturnType<typeof backend.video.list>["page"][number];
/** What anyone may know of a video. */
export type PublicVideo = Pick<
  Video,
  "_id" | "twitchId" | "title" | "status" | "statusChangedAt" | ArtifactUrlField
>;
export type VideoEvent = FunctionReturnType<typeof backend.video.history>["page"][number];
export type Progress = FunctionReturnType<typeof backend.video.progressOf>[number];
