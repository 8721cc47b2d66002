import { type ErrorData, isErrorData, updateOutcomeSchema } from "@klipstream/contract";
import { z } from "zod";

import { backend } from "../api/backend.ts";
import type { Attempt, ConvexApiClient } from "../api/ConvexApiClient.ts";
import { errorOfCode } from "../api/functionErrors.ts";
import { type Clock, momentOf } from "../clock.ts";
import { BackendUnavailableError, type KlipstreamError, ServerError } from "../errors.ts";
import type { Deliver, EntryAnswer } from "../outbox/delivery.ts";
import {
  contentToSend,
  type Entry,
  type EntryContent,
  type RecordedUpdate,
} from "../outbox/entry.ts";
import { classify } from "../retry/classify.ts";

const acceptedSchema = z.object({
  success: z.literal(true),
  outcome: updateOutcomeSchema,
  videoId: z.string(),
  twitchId: z.string(),
  status: z.string(),
  from: z.string().optional(),
  to: z.string().optional(),
});
const refusedSchema = z.object({
  success: z.literal(false),
  code: z.string(),
  message: z.string(),
});
const resultsSchema = z.array(z.discriminatedUnion("success", [acceptedSchema, refusedSchema]));

/** Sends entries through the API client: one through its own function, several through `video:recordUpdates`. */
export function deliverThrough(api: ConvexApiClient, clock: Clock): Deliver {
  return async (entries) => {
    const startedAt = clock.monotonic();
    const moment = momentOf(clock);
    const attempt = await send(
      api,
      entries.map((entry) => contentToSend(entry, moment)),
    );
    const { httpStatus, requestId } = attempt.answer;
    const about = {
      durationMs: Math.round(clock.monotonic() - startedAt),
      httpStatus,
      requestId,
    };
    if (!attempt.ok) {
      const { error, refreshMayHelp } = attempt;
      return { ok: false, error, refreshMayHelp, ...about };
    }
    const answers = readAnswers(entries, attempt.value, { httpStatus, requestId });
    return Array.isArray(answers)
      ? { ok: true, answers, ...about }
      : { ok: false, error: answers, refreshMayHelp: false, ...about };
  };
}

/**
 * Asks the backend to record an update with an empty Twitch ID, which every backend refuses. A refusal with the contract's code
 * shows that functions run, that this one is deployed, and that it knows the arguments.
 */
export async function isBackendWorking(api: ConvexApiClient): Promise<boolean> {
  const nothing = {
    twitchId: "",
    urls: {},
    source: { id: "-", sequence: 1 },
    ageMs: 0,
    run: { id: "-", ageMs: 0 },
  };
  const attempt = await api.attemptMutation(backend.video.recordUpdates, { updates: [nothing] });
  const results = resultsSchema.safeParse(attempt.ok ? attempt.value : null);
  const [result] = results.data ?? [];
  return result?.success === false && result.code === "INVALID_ARGUMENT";
}

function send(api: ConvexApiClient, contents: readonly EntryContent[]): Promise<Attempt<unknown>> {
  const [first] = contents;
  if (first?.kind === "rollback")
    return wrap(api.attemptMutation(backend.video.rollbackStatus, first.rollback));
  const updates = contents.flatMap((content) =>
    content.kind === "update" ? [content.update] : [],
  );
  const createMissing = first?.kind === "update" && first.createMissing;
  const single = updates.length === 1 && !createMissing ? updates[0] : undefined;
  const own = single === undefined ? null : sendAlone(api, single);
  if (own !== null) return wrap(own);
  return api.attemptMutation(backend.video.recordUpdates, {
    updates,
    ...(createMissing && { createMissing }),
  });
}

/** Null for an update of both a status and URLs, which has no function of its own. */
function sendAlone(api: ConvexApiClient, { status, urls, ...fields }: RecordedUpdate) {
  if (status !== undefined && urls !== undefined) return null;
  if (status !== undefined)
    return api.attemptMutation(backend.video.updateStatusByTwitchId, { ...fields, status });
  if (urls !== undefined) return api.attemptMutation(backend.video.updateUrls, { ...fields, urls });
  return null;
}

async function wrap(own: Promise<Attempt<unknown>>): Promise<Attempt<unknown>> {
  const attempt = await own;
  return attempt.ok ? { ...attempt, value: [attempt.value] } : attempt;
}

type Details = { httpStatus: number | undefined; requestId: string };

/** One answer per entry. An error where part of the answer cannot be understood: then none of it counts. */
function readAnswers(
  entries: readonly Entry[],
  value: unknown,
  details: Details,
): EntryAnswer[] | KlipstreamError {
  const results = resultsSchema.safeParse(value);
  if (!results.success || results.data.length !== entries.length)
    return new BackendUnavailableError("body", "the answer is not one to these updates", details);
  const answers: EntryAnswer[] = [];
  for (const [index, result] of results.data.entries()) {
    if (!result.success) {
      const error = refusalOf(result, details);
      // It may not be this update's fault: it counts as if the whole request had failed.
      if (classify(error).action !== "giveUp") return error;
      answers.push({ accepted: false, error });
    } else if (result.twitchId === entries[index]?.twitchId) {
      const { success: _success, twitchId: _twitchId, outcome, ...answer } = result;
      answers.push({ accepted: true, outcome, answer });
    } else return new BackendUnavailableError("body", "the answer is of another video", details);
  }
  return answers;
}

function refusalOf(result: { code: string; message: string }, details: Details): KlipstreamError {
  if (isErrorData(result)) return errorOfCode(result satisfies ErrorData, details);
  return new ServerError(
    "the backend refused an update with a code that this version does not know",
    details,
  );
}
