import {
  ARTIFACT_URL_FIELDS,
  vArtifactUrls,
  vRun,
  vScope,
  vTwitchId,
  vVideoStatus,
} from "@klipstream/contract";
import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";

import { ADOPTION } from "./adoption.config";

const vTimestamp = v.number();
const vOptionalTimestamp = v.optional(vTimestamp);

/** Which update a value is of. */
export const vMark = v.object({
  /** When it happened, on the server's clock; when it came, where nobody can tell. */
  at: vTimestamp,
  sourceId: v.optional(v.string()),
  runId: v.optional(v.string()),
});

const MARKED_FIELDS = ["status", ...ARTIFACT_URL_FIELDS] as const;

/** A field that has an order of its own. */
export type MarkedField = (typeof MARKED_FIELDS)[number];

const vOptionalMark = v.optional(vMark);

const vMarks = v.object(
  Object.fromEntries(MARKED_FIELDS.map((field) => [field, vOptionalMark])) as Record<
    MarkedField,
    typeof vOptionalMark
  >,
);

const vFailure = v.object({
  /** The status that the video failed in. */
  during: vVideoStatus,
  reason: v.optional(v.string()),
  at: vTimestamp,
});

const tables = {
  /**
   * One document per VOD.
   * Written by pipelines (model/openVideos.ts) and the stalled cron (model/stalled.ts); read by everyone.
   */
  videos: defineTable({
    twitchId: vTwitchId,
    title: v.optional(v.string()),
    status: vVideoStatus,
    /** When the status happened, for people: on the reporter's clock where it said, never ahead of the server's. */
    statusChangedAt: vTimestamp,
    /** False while the status is the `Queued` that a creation starts with, which is older than any report. */
    statusReported: v.boolean(),
    ...vArtifactUrls.fields,
    /** Which updates the status and the URLs are of; what was adopted has no marks. */
    marks: v.optional(vMarks),
    /** A source that is not known and an update that is not newer: it may have been decided before (model/sources.ts). */
    sourcesForgottenBefore: vOptionalTimestamp,
    /** The newest run that reported; its start on the server's clock (model/runs.ts). */
    run: v.optional(vRun),
    /** The source that the run was first seen from. */
    runSourceId: v.optional(v.string()),
    /** Only while `Failed`. */
    failure: v.optional(vFailure),
    /** The last sign of life of a video that the cron found stalled; cleared by any sign of life. */
    stalledSince: vOptionalTimestamp,
    /** When anything here last changed, on the server's clock: a report can be delivered hours after it happened. */
    changedAt: vTimestamp,
    /** Fields of a document that existed before this backend, which it does not know (model/adoption.ts). */
    legacy: v.optional(v.record(v.string(), v.any())),
  })
    .index("by_twitchId", ["twitchId"])
    .index("by_changedAt", ["changedAt"])
    .index("by_stalledSince", ["stalledSince"])
    .index("by_status_and_changedAt", ["status", "changedAt"])
    .index("by_status_and_stalledSince_and_changedAt", ["status", "stalledSince", "changedAt"]),

  /**
   * The permanent record of each update, and the receipts by which a repeated update is recognised.
   * Appended by model/events.ts, pruned by the cron; read by viewers (`video:history`).
   */
  videoEvents: defineTable({
    videoId: v.id("videos"),
    /** 1, 2, 3, ... within the video. */
    sequence: v.number(),
    kind: v.union(v.literal("created"), v.literal("updated"), v.literal("rolledBack")),
    updateId: v.optional(v.string()),
    /** The status before; only where the event changed it. */
    from: v.optional(vVideoStatus),
    /** The status that was reported or, in a rollback, restored. */
    to: v.optional(vVideoStatus),
    /** The URLs that were reported. */
    urls: v.optional(vArtifactUrls),
    reason: v.optional(v.string()),
    occurredAt: vTimestamp,
    run: v.optional(vRun),
    /** The subject of the token, or `anonymous`. */
    actor: v.string(),
    /** False: superseded, nothing of it was applied. */
    applied: v.boolean(),
    /** True once a rollback has undone it. */
    undone: v.optional(v.boolean()),
    /** The run whose next rollback may undo this status change; absent where nothing can. */
    undoableInRun: v.optional(v.string()),
    /** The failure that this status change cleared, for a rollback to restore. */
    clearedFailure: v.optional(vFailure),
    /** True once the event is not among its video's newest: it may go when it is old enough. */
    prunable: v.optional(v.boolean()),
    /** Only in the `created` event of an adopted video, until that is undone: the document as it was. */
    adopted: v.optional(v.boolean()),
    adoptedFrom: v.optional(v.any()),
  })
    .index("by_videoId_and_sequence", ["videoId", "sequence"])
    .index("by_videoId_and_undoableInRun", ["videoId", "undoableInRun"])
    .index("by_updateId", ["updateId"])
    .index("by_prunable", ["prunable"])
    .index("by_adopted", ["adopted"]),

  /**
   * The highest number that was decided of each source that reported on a video; at most 100 a video.
   * Read and written where an update has a source (model/sources.ts).
   */
  videoSources: defineTable({
    videoId: v.id("videos"),
    sourceId: v.string(),
    sequence: v.number(),
    decidedAt: vTimestamp,
  })
    .index("by_videoId_and_sourceId", ["videoId", "sourceId"])
    .index("by_videoId_and_decidedAt", ["videoId", "decidedAt"]),

  /**
   * The runs of a video that are known and not, or no longer, the video's; at most 100 a video.
   * Written when a run is replaced or comes too late, read when an update's run is not the video's (model/runs.ts).
   */
  videoRuns: defineTable({
    videoId: v.id("videos"),
    runId: v.string(),
    /** On the server's clock, fixed when the run was first seen. */
    startedAt: vTimestamp,
  })
    .index("by_videoId_and_runId", ["videoId", "runId"])
    .index("by_videoId_and_startedAt", ["videoId", "startedAt"]),

  /**
   * How far a video's current stage is; apart from `videos` so that a heartbeat does not wake every reader of those.
   * Written by pipelines (model/progress.ts); read by viewers (`video:progressOf`) and the stalled cron.
   */
  videoProgress: defineTable({
    videoId: v.id("videos"),
    percent: v.number(),
    message: v.optional(v.string()),
    heartbeatAt: vTimestamp,
  }).index("by_videoId", ["videoId"]),

  /**
   * Who may report or read: what a token's subject names, and what its holder may do at this moment.
   * Written by operators (serviceAccounts.ts); read on every call that needs a token (model/access.ts).
   */
  serviceAccounts: defineTable({
    name: v.string(),
    scopes: v.array(vScope),
    disabled: v.boolean(),
  }).index("by_name", ["name"]),

  /**
   * The keys of service accounts: hashes, from which no key can be had.
   * Written by operators (serviceKeys.ts) and once an hour by the exchange; read by the exchange and on every call.
   */
  serviceKeys: defineTable({
    /** The name of its account. */
    account: v.string(),
    /** The beginning of the hash: what the key is called where it must be called something. */
    keyId: v.string(),
    /** SHA-256 of the key, in hex. */
    hash: v.string(),
    /** Absent: it works until it is revoked. */
    expiresAt: vOptionalTimestamp,
    /** The hour in which it was last exchanged. */
    lastUsedAt: vOptionalTimestamp,
  })
    .index("by_account", ["account"])
    .index("by_keyId", ["keyId"])
    .index("by_hash", ["hash"]),

  /**
   * Which workload of which identity provider acts as which account.
   * Written by operators (serviceAccounts.ts); read by the exchange and on every call.
   */
  workloads: defineTable({
    issuer: v.string(),
    subject: v.string(),
    /** The name of its account. */
    account: v.string(),
  })
    .index("by_account", ["account"])
    .index("by_issuer_and_subject", ["issuer", "subject"]),

  /**
   * What was done to accounts, keys and signing keys.
   * Appended with each of these changes (model/audit.ts), pruned by the cron; read by operators (audit.ts).
   */
  auditRows: defineTable({
    /** Who did it, as the operator's tool said. */
    by: v.string(),
    action: v.union(
      v.literal("account.create"),
      v.literal("account.disable"),
      v.literal("account.enable"),
      v.literal("account.scopes"),
      v.literal("account.bind"),
      v.literal("account.unbind"),
      v.literal("key.create"),
      v.literal("key.revoke"),
      v.literal("signing-key.publish"),
      v.literal("signing-key.sign"),
      v.literal("signing-key.retire"),
    ),
    /** The account, or the signing key. */
    target: v.string(),
    detail: v.optional(v.string()),
  }).index("by_action_and_target", ["action", "target"]),

  /**
   * How far the walk over an old table is; at most one document.
   * Written and read by operators (adoption.ts).
   */
  adoptions: defineTable({
    direction: v.union(v.literal("adopt"), v.literal("undo"), v.literal("dropLegacy")),
    state: v.union(v.literal("running"), v.literal("stopped"), v.literal("done")),
    /** Documents that were changed, that were right already, and that could not be changed. */
    changed: v.number(),
    unchanged: v.number(),
    failed: v.number(),
    /** The first that could not be changed, and why. */
    problems: v.array(v.object({ id: v.string(), message: v.string() })),
    startedAt: vTimestamp,
    changedAt: vTimestamp,
    /** Where the next batch begins. */
    cursor: v.union(v.string(), v.null()),
    /** A batch of an older generation stops: somebody began anew. */
    generation: v.number(),
  }),
};

/** Times are milliseconds since the epoch. */
export default defineSchema(tables, { schemaValidation: ADOPTION !== "migrating" });
