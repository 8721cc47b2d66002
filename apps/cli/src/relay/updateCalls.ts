import type { UpdateOptions, UpdateResult } from "@klipstream/client";
import {
  type ArtifactUrls,
  checkInput,
  DEFAULT_ADOPTION_MAPPING,
  describeIssues,
  isErrorData,
  type Issue,
  mapStatus,
  percentSchema,
  renamedUrlsSchema,
  reportedRunSchema,
  rollbackSchema,
  type Run,
  twitchIdSchema,
  type UpdateMeta,
  updateMetaSchema,
  UPDATES_MAX_COUNT,
  type VideoStatus,
} from "@klipstream/contract";
import type { Value } from "convex/values";
import { z } from "zod";

import { type Answer, answerOf, refusal, success } from "./answers.ts";
import type { Relay } from "./relay.ts";

/** A call of one of {@link UPDATE_FUNCTIONS}. */
export type UpdateCall = {
  relay: Relay;
  args: unknown;
  /** The request's `Idempotency-Key`. */
  idempotencyKey: string | undefined;
};

/** The arguments of a call that only the backend can answer. */
export type LeftToBackend = { args: Record<string, Value> };

/** Answers a call from the outbox, or leaves it to the backend. */
type UpdateFunction = (call: UpdateCall) => Promise<Answer | LeftToBackend>;

const meta = updateMetaSchema.shape;
// What they hold the manager checks, as it does for every caller. Old pipelines' words are understood as the backend
// understands them while it adopts: an outbox takes today's words alone.
const twitchId = z.unknown().optional();
const urls = renamedUrlsSchema(DEFAULT_ADOPTION_MAPPING).optional();
const status = z
  .unknown()
  .transform((word) => mapStatus(word, DEFAULT_ADOPTION_MAPPING) ?? word)
  .optional();
const schemas = {
  statusById: z.strictObject({ id: z.string(), status, ...meta }),
  status: z.strictObject({ twitchId, status, ...meta }),
  urls: z.strictObject({ twitchId, urls, ...meta }),
  statusAndUrls: z.strictObject({ twitchId, status, urls, ...meta }),
  rollback: rollbackSchema,
  batch: z.strictObject({
    updates: z
      .array(z.unknown())
      .min(1, "must hold at least one update")
      .max(UPDATES_MAX_COUNT, `must hold at most ${UPDATES_MAX_COUNT} updates`),
    createMissing: z.boolean().optional(),
  }),
  // A wrong report would be dropped there in silence.
  progress: z.strictObject({
    twitchId: twitchIdSchema,
    percent: percentSchema,
    message: z.string().optional(),
    run: reportedRunSchema.optional(),
  }),
};

/** Arguments as the manager is given them: it finds out what they are. */
type Unchecked<Args> = Omit<Args, keyof Content> & Content;
type Content = { twitchId: string; status: VideoStatus; urls: ArtifactUrls };

/** The functions that the relay answers from its outbox, by path. It passes every other call on. */
export const UPDATE_FUNCTIONS: ReadonlyMap<string, UpdateFunction> = new Map([
  ["video:updateStatus", updateStatusById],
  ["video:updateStatusByTwitchId", updateStatus],
  ["video:updateUrls", updateUrls],
  ["video:recordUpdates", recordUpdates],
  ["video:rollbackStatus", rollBackStatus],
  ["video:reportProgress", reportProgress],
]);

async function updateStatusById(call: UpdateCall): Promise<Answer | LeftToBackend> {
  const args = checkInput(schemas.statusById, call.args);
  if (!args.ok) return invalid(args.issues);
  const { id, ...change } = args.value;
  const known = call.relay.manager.twitchIdOf(id);
  if (known !== null) return updateStatus({ ...call, args: { twitchId: known, ...change } });
  // The backend can find a video by its _id, and its answer is learnt from. It knows no `Idempotency-Key`.
  const updateId = change.updateId ?? call.idempotencyKey;
  return { args: { id, ...change, updateId } as Record<string, Value> };
}

async function updateStatus(call: UpdateCall): Promise<Answer> {
  const args = checkInput(schemas.status, call.args);
  if (!args.ok) return invalid(args.issues);
  const { twitchId, status, ...rest } = args.value as Unchecked<typeof args.value>;
  const { manager } = call.relay;
  const result = await manager.updateVideoStatus(twitchId, status, optionsOf(call, rest));
  return result.ok ? success(recorded(call.relay, result, status)) : answerOf(result.error);
}

async function updateUrls(call: UpdateCall): Promise<Answer> {
  const args = checkInput(schemas.urls, call.args);
  if (!args.ok) return invalid(args.issues);
  const { twitchId, urls, ...rest } = args.value as Unchecked<typeof args.value>;
  const { manager } = call.relay;
  const result = await manager.updateVideoUrls(twitchId, urls, optionsOf(call, rest));
  return result.ok ? success(recorded(call.relay, result)) : answerOf(result.error);
}

async function rollBackStatus(call: UpdateCall): Promise<Answer> {
  const args = checkInput(schemas.rollback, call.args);
  if (!args.ok) return invalid(args.issues);
  const { twitchId, undoes, ...rest } = args.value;
  const { manager } = call.relay;
  const result = await manager.rollbackStatus(twitchId, { ...optionsOf(call, rest), undoes });
  return result.ok ? success(recorded(call.relay, result)) : answerOf(result.error);
}

/** One result for each update, as the backend answers. All are made durable before any of them is waited for. */
async function recordUpdates(call: UpdateCall): Promise<Answer> {
  const args = checkInput(schemas.batch, call.args);
  if (!args.ok) return invalid(args.issues);
  const { updates, createMissing } = args.value;
  const results = await Promise.all(
    updates.map((update, index) => {
      const idempotencyKey = call.idempotencyKey && `${call.idempotencyKey}#${index}`;
      return recordOne({ ...call, args: update, idempotencyKey }, createMissing);
    }),
  );
  const failed = results.find((result) => "httpStatus" in result);
  return failed ?? success(results);
}

type Refusal = { success: false; code: string; message: string };

async function recordOne(
  call: UpdateCall,
  createMissing: boolean | undefined,
): Promise<Recorded | Refusal | Answer> {
  const update = checkInput(schemas.statusAndUrls, call.args);
  if (!update.ok)
    return { success: false, code: "INVALID_ARGUMENT", message: describeIssues(update.issues) };
  const { twitchId, status, urls, ...rest } = update.value as Unchecked<typeof update.value>;
  const options = { ...optionsOf(call, rest), createMissing };
  const progress = { status, urls };
  const result = await call.relay.manager.updatePipelineProgress(twitchId, progress, options);
  if (result.ok) return recorded(call.relay, result, status);
  const { code, message } = result.error;
  return isErrorData({ code, message })
    ? { success: false, code, message }
    : answerOf(result.error);
}

/** Progress may be lost, as in the client: the call is answered at once. */
function reportProgress({ relay, args }: UpdateCall): Promise<Answer> {
  const progress = checkInput(schemas.progress, args);
  if (!progress.ok) return Promise.resolve(invalid(progress.issues));
  const { twitchId, percent, message, run } = progress.value;
  if (run === undefined) relay.manager.reportProgress(twitchId, percent, message);
  else relay.manager.startRun(twitchId, runOf(relay, run)).reportProgress(percent, message);
  return Promise.resolve(success(null));
}

/** The result of an update in the backend's form; without `videoId` and `status` where nobody here knows them. */
type Recorded = {
  success: true;
  videoId?: string;
  twitchId: string;
  status?: string;
  outcome: (UpdateResult & { ok: true })["outcome"];
  from?: string | undefined;
  to?: string | undefined;
};

function recorded(
  { manager }: Relay,
  { twitchId, outcome, answer }: UpdateResult & { ok: true },
  reported?: VideoStatus,
): Recorded {
  if (answer !== undefined) return { success: true, twitchId, outcome, ...answer };
  const videoId = manager.videoIdOf(twitchId);
  return {
    success: true,
    twitchId,
    outcome,
    ...(videoId !== null && { videoId }),
    ...(reported !== undefined && { status: reported }),
  };
}

function optionsOf(
  { relay, idempotencyKey }: UpdateCall,
  { updateId, occurredAt, ageMs, run, reason, source }: UpdateMeta,
): UpdateOptions {
  return {
    updateId: updateId ?? idempotencyKey,
    occurredAt: ageMs === undefined ? occurredAt : momentOf(relay, ageMs),
    run: run && runOf(relay, run),
    reason,
    source,
    waitMs: relay.waitMs,
  };
}

/** A run as the client knows it: its start on this machine's clock. */
function runOf(relay: Relay, { id, startedAt, ageMs }: NonNullable<UpdateMeta["run"]>): Run {
  return {
    id,
    startedAt: ageMs === undefined ? (startedAt ?? relay.now()) : momentOf(relay, ageMs),
  };
}

/** An age may reach back to before 1970, which no moment may. */
function momentOf({ now }: Relay, ageMs: number): number {
  return Math.max(0, now() - ageMs);
}

function invalid(issues: Issue[]): Answer {
  return refusal({ code: "INVALID_ARGUMENT", message: describeIssues(issues), issues });
}
