/* eslint-disable */
/**
 * Generated `api` utility.
 *
 * THIS CODE IS AUTOMATICALLY GENERATED.
 *
 * To regenerate, run `npx convex dev`.
 * @module
 */

import type * as accessTokens from "../accessTokens.js";
import type * as adoption from "../adoption.js";
import type * as audit from "../audit.js";
import type * as crons from "../crons.js";
import type * as functions from "../functions.js";
import type * as maintenance from "../maintenance.js";
import type * as model_access from "../model/access.js";
import type * as model_accessTokens from "../model/accessTokens.js";
import type * as model_adoption from "../model/adoption.js";
import type * as model_adoptionWalk from "../model/adoptionWalk.js";
import type * as model_audit from "../model/audit.js";
import type * as model_errors from "../model/errors.js";
import type * as model_events from "../model/events.js";
import type * as model_identityTokens from "../model/identityTokens.js";
import type * as model_openVideo from "../model/openVideo.js";
import type * as model_openVideos from "../model/openVideos.js";
import type * as model_progress from "../model/progress.js";
import type * as model_rollback from "../model/rollback.js";
import type * as model_rules from "../model/rules.js";
import type * as model_runs from "../model/runs.js";
import type * as model_scratch from "../model/scratch.js";
import type * as model_serviceAccounts from "../model/serviceAccounts.js";
import type * as model_serviceKeys from "../model/serviceKeys.js";
import type * as model_signing from "../model/signing.js";
import type * as model_sources from "../model/sources.js";
import type * as model_stalled from "../model/stalled.js";
import type * as model_updates from "../model/updates.js";
import type * as model_videos from "../model/videos.js";
import type * as model_views from "../model/views.js";
import type * as model_workloads from "../model/workloads.js";
import type * as serviceAccounts from "../serviceAccounts.js";
import type * as serviceKeys from "../serviceKeys.js";
import type * as signingKeys from "../signingKeys.js";
import type * as video from "../video.js";

import type {
  ApiFromModules,
  FilterApi,
  FunctionReference,
} from "convex/server";

declare const fullApi: ApiFromModules<{
  accessTokens: typeof accessTokens;
  adoption: typeof adoption;
  audit: typeof audit;
  crons: typeof crons;
  functions: typeof functions;
  maintenance: typeof maintenance;
  "model/access": typeof model_access;
  "model/accessTokens": typeof model_accessTokens;
  "model/adoption": typeof model_adoption;
  "model/adoptionWalk": typeof model_adoptionWalk;
  "model/audit": typeof model_audit;
  "model/errors": typeof model_errors;
  "model/events": typeof model_events;
  "model/identityTokens": typeof model_identityTokens;
  "model/openVideo": typeof model_openVideo;
  "model/openVideos": typeof model_openVideos;
  "model/progress": typeof model_progress;
  "model/rollback": typeof model_rollback;
  "model/rules": typeof model_rules;
  "model/runs": typeof model_runs;
  "model/scratch": typeof model_scratch;
  "model/serviceAccounts": typeof model_serviceAccounts;
  "model/serviceKeys": typeof model_serviceKeys;
  "model/signing": typeof model_signing;
  "model/sources": typeof model_sources;
  "model/stalled": typeof model_stalled;
  "model/updates": typeof model_updates;
  "model/videos": typeof model_videos;
  "model/views": typeof model_views;
  "model/workloads": typeof model_workloads;
  serviceAccounts: typeof serviceAccounts;
  serviceKeys: typeof serviceKeys;
  signingKeys: typeof signingKeys;
  video: typeof video;
}>;

/**
 * A utility for referencing Convex functions in your app's public API.
 *
 * Usage:
 * ```js
 * const myFunctionReference = api.myModule.myFunction;
 * ```
 */
export declare const api: FilterApi<
  typeof fullApi,
  FunctionReference<any, "public">
>;

/**
 * A utility for referencing Convex functions in your app's internal API.
 *
 * Usage:
 * ```js
 * const myFunctionReference = internal.myModule.myFunction;
 * ```
 */
export declare const internal: FilterApi<
  typeof fullApi,
  FunctionReference<any, "internal">
>;

export declare const components: {};
