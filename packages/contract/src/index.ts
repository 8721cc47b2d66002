export { accountNameSchema, ANONYMOUS, scopeSchema, SCOPES, vScope } from "./accounts.ts";
export {
  adoptionMappingSchema,
  DEFAULT_ADOPTION_MAPPING,
  mapStatus,
  mapUrlField,
  planAdoption,
  renamedUrlsSchema,
} from "./adoption.ts";
export { ARTIFACT_URL_FIELDS } from "./artifactUrlFields.ts";
export {
  ARTIFACT_URL_MAX_LENGTH,
  ARTIFACT_URL_SCHEMES,
  artifactUrlFieldsSchema,
  artifactUrlSchema,
  artifactUrlsSchema,
  vArtifactUrls,
} from "./artifactUrls.ts";
export { checkInput, describeIssues } from "./checkInput.ts";
export { formatDuration } from "./durations.ts";
export { ERROR_CODES } from "./errorCodes.ts";
export { errorCodeSchema, isErrorData, issueSchema, vErrorCode } from "./errorSchemas.ts";
export {
  runPercent,
  STATUS_ANALYZING,
  STATUS_COMPLETED,
  STATUS_DOWNLOADING,
  STATUS_FAILED,
  STATUS_FETCHING_CHAT,
  STATUS_FINDING_HIGHLIGHTS,
  STATUS_QUEUED,
  STATUS_SHARE_PERCENT,
  STATUS_TRANSCRIBING,
  VIDEO_STATUSES,
} from "./statuses.ts";
export { videoStatusSchema, vVideoStatus } from "./statusSchema.ts";
export { isScratchTwitchId, parseTwitchId, TWITCH_ID_PATTERN } from "./twitchIds.ts";
export { twitchIdSchema, vTwitchId } from "./twitchIdSchema.ts";
export {
  ageSchema,
  ID_MAX_LENGTH,
  MESSAGE_MAX_LENGTH,
  messageSchema,
  percentSchema,
  REASON_MAX_LENGTH,
  reasonSchema,
  reportedRunSchema,
  rollbackSchema,
  runSchema,
  sourceSchema,
  timestampSchema,
  TITLE_MAX_LENGTH,
  titleSchema,
  UPDATE_OUTCOMES,
  updateIdSchema,
  updateMetaSchema,
  updateOutcomeSchema,
  UPDATES_MAX_COUNT,
  updateSchema,
  VIDEO_IDS_MAX_COUNT,
  vReportedRun,
  vRollback,
  vRun,
  vSource,
  vUpdate,
  vUpdateMeta,
  vUpdateOutcome,
  vVideoStatusArgument,
} from "./updates.ts";

export type { Scope } from "./accounts.ts";
export type { AdoptionMapping, AdoptionPlan, OldVideo } from "./adoption.ts";
export type { ArtifactUrlField } from "./artifactUrlFields.ts";
export type { ArtifactUrls } from "./artifactUrls.ts";
export type { CheckedInput } from "./checkInput.ts";
export type { ErrorCode } from "./errorCodes.ts";
export type { ErrorData, Issue } from "./errorSchemas.ts";
export type { VideoStatus } from "./statuses.ts";
export type {
  ReportedRun,
  Rollback,
  Run,
  Source,
  Update,
  UpdateMeta,
  UpdateOutcome,
} from "./updates.ts";
