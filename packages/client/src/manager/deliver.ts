import { isErrorData } from "@klipstream/contract";
import type { FunctionReturnType } from "convex/server";

import { backend } from "../api/backend.ts";
import type { Attempt, ConvexApiClient } from "../api/ConvexApiClient.ts";
import { errorOfCode } from "../api/functionErrors.ts";
import { type Clock, momentOf } from "../clock.ts";
import { ServerError } from "../errors.ts";
import type { Deliver, EntryAnswer } from "../outbox/delivery.ts";
import { contentToSend, type EntryContent, type RecordedUpdate } from "../outbox/entry.ts";

type BatchResult = FunctionReturnType<typeof backend.video.recordUpdates>[number];

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
    const durationMs = Math.round(clock.monotonic() - startedAt);
    if (!attempt.ok) {
      const { error, refreshMayHelp } = attempt;
      return { ok: false, error, refreshMayHelp, durationMs, httpStatus, requestId };
    }
    if (attempt.value.length !== entries.length) {
      const error = new ServerError("the backend answered to another number of updates", {
        httpStatus,
        requestId,
      });
      return { ok: false, error, refreshMayHelp: false, durationMs, httpStatus, requestId };
    }
    const answers = attempt.value.map((result) => readResult(result, attempt.answer));
    return { ok: true, answers, durationMs, httpStatus, requestId };
  };
}

async function send(
  api: ConvexApiClient,
  contents: readonly EntryContent[],
): Promise<Attempt<readonly BatchResult[]>> {
  const [first] = contents;
  if (first?.kind === "rollback")
    return wrap(await api.attemptMutation(backend.video.rollbackStatus, first.rollback));
  const updates = contents.flatMap((content) =>
    content.kind === "update" ? [content.update] : [],
  );
  const createMissing = first?.kind === "update" && first.createMissing;
  const single = updates.length === 1 && !createMissing ? updates[0] : undefined;
  const own = single === undefined ? null : sendAlone(api, single);
  if (own !== null) return wrap(await own);
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

function wrap<T extends BatchResult>(attempt: Attempt<T>): Attempt<readonly BatchResult[]> {
  return attempt.ok ? { ...attempt, value: [attempt.value] } : attempt;
}

function readResult(
  result: BatchResult,
  details: { httpStatus: number | undefined; requestId: string },
): EntryAnswer {
  if (result.success) return { accepted: true, outcome: result.outcome };
  const error = isErrorData(result)
    ? errorOfCode(result, details)
    : new ServerError(
        "the backend refused an update with a code that this version does not know",
        details,
      );
  return { accepted: false, error };
}
