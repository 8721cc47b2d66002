import type {
  ArtifactUrlField,
  ArtifactUrls,
  ErrorCode,
  ReportedRun,
  Rollback,
  Run,
  Scope,
  Update,
  UpdateMeta,
  UpdateOutcome,
  VideoStatus,
} from "@klipstream/contract";
import type {
  DefaultFunctionArgs,
  FunctionReference,
  FunctionType,
  paginationOptsValidator,
  PaginationResult,
} from "convex/server";
import type { GenericId, Infer } from "convex/values";

type PublicFunction<
  Type extends FunctionType,
  Args extends DefaultFunctionArgs,
  Result,
> = FunctionReference<Type, "public", Args, Result>;
type Query<Args extends DefaultFunctionArgs, Result> = PublicFunction<"query", Args, Result>;
type Mutation<Args extends DefaultFunctionArgs, Result> = PublicFunction<"mutation", Args, Result>;
type Action<Args extends DefaultFunctionArgs, Result> = PublicFunction<"action", Args, Result>;

// What Convex generates for a function without arguments.
// eslint-disable-next-line @typescript-eslint/no-empty-object-type
type NoArguments = {};
type Page = Infer<typeof paginationOptsValidator>;

/** The `_id` of a video. */
export type VideoId = GenericId<"videos">;

/** A video's public fields. */
export type Video = {
  _id: VideoId;
  _creationTime: number;
  twitchId: string;
  title: string | undefined;
  status: VideoStatus;
  statusChangedAt: number;
} & Record<ArtifactUrlField, string | undefined>;

/** What a viewer may know of a video. */
export type ListedVideo = ArtifactUrls & {
  _id: VideoId;
  _creationTime: number;
  twitchId: string;
  title?: string | undefined;
  status: VideoStatus;
  statusChangedAt: number;
  run?: Run | undefined;
  failure?: { during: VideoStatus; reason?: string | undefined; at: number } | undefined;
  stalledSince?: number | undefined;
  changedAt: number;
};

/** One event of a video's history. */
export type HistoryEvent = {
  _id: GenericId<"videoEvents">;
  kind: "created" | "updated" | "rolledBack";
  updateId?: string | undefined;
  from?: VideoStatus | undefined;
  to?: VideoStatus | undefined;
  urls?: ArtifactUrls | undefined;
  reason?: string | undefined;
  occurredAt: number;
  receivedAt: number;
  run?: Run | undefined;
  actor: string;
  applied: boolean;
  undone?: boolean | undefined;
};

/** How far a video's current stage is. */
export type ReportedProgress = {
  videoId: VideoId;
  percent: number;
  message: string | undefined;
  heartbeatAt: number;
};

/** What the backend made of an update. */
export type RecordedResult = {
  success: true;
  videoId: VideoId;
  twitchId: string;
  status: VideoStatus;
  outcome: UpdateOutcome;
};

/** An update or a rollback that the backend refused for good. */
export type RefusedResult = { success: false; code: ErrorCode; message: string };

/** A token of ten minutes. Times are milliseconds since the epoch, on the deployment's clock. */
export type AccessToken = {
  token: string;
  expiresAt: number;
  lifetimeMs: number;
  subject: string;
  scopes: Scope[];
  keyExpiresAt: number | null;
};

/**
 * The backend's public functions, as `convex/_generated/api` has them. Written out, as that type would bring the whole
 * backend along, its internal tables included; publicFunctions.test-d.ts holds the two equal.
 */
export type PublicFunctions = {
  accessTokens: {
    exchange: Action<{ key: string }, AccessToken>;
    exchangeIdentity: Action<{ identityToken: string }, AccessToken>;
  };
  video: {
    getByTwitchIdPublic: Query<{ twitchId: string }, Video | null>;
    updateStatus: Mutation<UpdateMeta & { id: VideoId; status: VideoStatus }, RecordedResult>;
    updateStatusByTwitchId: Mutation<
      UpdateMeta & { twitchId: string; status: VideoStatus },
      RecordedResult
    >;
    updateUrls: Mutation<UpdateMeta & { twitchId: string; urls: ArtifactUrls }, RecordedResult>;
    recordUpdates: Mutation<
      { updates: Update[]; createMissing?: boolean | undefined },
      (RecordedResult | RefusedResult)[]
    >;
    create: Mutation<
      { twitchId: string; title?: string | undefined },
      { videoId: VideoId; created: boolean }
    >;
    rollbackStatus: Mutation<
      Rollback,
      | (RecordedResult & { from?: VideoStatus | undefined; to?: VideoStatus | undefined })
      | RefusedResult
    >;
    reportProgress: Mutation<
      {
        twitchId: string;
        percent: number;
        message?: string | undefined;
        run?: ReportedRun | undefined;
      },
      null
    >;
    removeScratch: Mutation<{ twitchId: string }, { removed: boolean }>;
    list: Query<
      {
        status?: VideoStatus | undefined;
        stalledOnly?: boolean | undefined;
        paginationOpts: Page;
      },
      PaginationResult<ListedVideo>
    >;
    get: Query<{ twitchId: string }, ListedVideo | null>;
    history: Query<{ twitchId: string; paginationOpts: Page }, PaginationResult<HistoryEvent>>;
    progressOf: Query<{ videoIds: VideoId[] }, ReportedProgress[]>;
    statusCounts: Query<NoArguments, { status: VideoStatus; count: number }[]>;
  };
};
