export { ConvexApiClient } from "./api/ConvexApiClient.ts";
export { backend } from "./api/backend.ts";
export {
  CONFIGURATION_FILES,
  ENVIRONMENT_VARIABLES,
  resolveConfiguration,
} from "./config/configuration.ts";
export { githubActions, googleIdentity, workloadIdentity } from "./auth/workloadIdentity.ts";
export { DEFAULT_OPTIONS } from "./config/options.ts";
export {
  BackendUnavailableError,
  ConfigurationError,
  CredentialsRefusedError,
  InvalidInputError,
  KlipstreamError,
  ManagerClosedError,
  OutboxCorruptError,
  OutboxFullError,
  OutboxUnwritableError,
  OutboxVersionError,
  RequestRefusedError,
  ServerError,
  TokenUnavailableError,
  UpdateRefusedError,
  VideoNotFoundError,
} from "./errors.ts";
export { ConvexIntegration } from "./integration/ConvexIntegration.ts";
export { ConvexManager } from "./manager/ConvexManager.ts";
export { RelayManager } from "./relay/RelayManager.ts";
export { OutboxInspector } from "./outbox/OutboxInspector.ts";

export type { TokenSource } from "./auth/tokenSource.ts";
export type { WorkloadIdentity, WorkloadIdentityOptions } from "./auth/workloadIdentity.ts";
export type {
  Configuration,
  ConfigurationPlace,
  ConfigurationSource,
  Setting,
} from "./config/configuration.ts";
export type { ClientOptions, ManagerOptions } from "./config/options.ts";
export type { ClientErrorCode, UnavailableReason } from "./errors.ts";
export type { RecordedResult, Video, VideoId } from "./integration/ConvexIntegration.ts";
export type { Logger, LogLevel } from "./log/log.ts";
export type { LookedUpVideo } from "./relay/VideoLookUp.ts";
export type { PipelineManager } from "./manager/Manager.ts";
export type { StageContext, StageOptions } from "./manager/runStage.ts";
export type {
  PipelineProgress,
  RollbackOptions,
  UpdateOptions,
  UpdateResult,
} from "./manager/update.ts";
export type { VideoRun } from "./manager/VideoRun.ts";
export type { BackendState, FlushResult } from "./outbox/Outbox.ts";
export type { DeadLetter, Entry, EntryContent, Refusal } from "./outbox/entry.ts";
export type { DeploymentStats, ExportedEntry } from "./outbox/OutboxInspector.ts";
export type { OutboxStats } from "./outbox/store.ts";
