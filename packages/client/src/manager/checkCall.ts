import { randomUUID } from "node:crypto";

import {
  checkInput,
  percentSchema,
  reasonSchema,
  type Run,
  runSchema,
  sourceSchema,
  timestampSchema,
  twitchIdSchema,
  updateIdSchema,
  updateSchema,
} from "@klipstream/contract";
import { z } from "zod";

import { elapsedMs, type Moment } from "../clock.ts";
import { InvalidInputError } from "../errors.ts";
import { parseInput } from "../integration/parseInput.ts";
import type { EntryContent } from "../outbox/entry.ts";
import type { PipelineProgress, RollbackOptions, UpdateIdentity, UpdateOptions } from "./update.ts";

/** What a caller asked for, checked; or why it cannot be accepted. */
export type CheckedUpdate =
  { ok: true; content: EntryContent; waitMs: number } | { ok: false; error: InvalidInputError };

/** The longest that a call may wait: an hour, as the manager's own option has it. */
const WAIT_MAX_MS = 3_600_000;
/** The longest that a timer of Node can be set for. */
const TIMEOUT_MAX_MS = 2 ** 31 - 1;

/** What holds for an update that does not say otherwise. */
export type UpdateDefaults = { waitMs: number; createMissing: boolean };

/** A call as it was made; nothing of what the caller gave can be relied on. */
export type Call<Options> = {
  identity: UpdateIdentity;
  twitchId: unknown;
  options: Options;
  defaults: UpdateDefaults;
  /** The moment of the call. */
  now: Moment;
  /** When a run started. */
  startOf: (run: Run) => Moment;
};

/** The ids that a result carries, also for a call that makes no sense. */
export function identify(twitchId: unknown, options: unknown): UpdateIdentity {
  const given =
    typeof options === "object" && options !== null && "updateId" in options && options.updateId;
  return {
    twitchId: typeof twitchId === "string" ? twitchId : `(${typeof twitchId})`,
    updateId: typeof given === "string" ? given : randomUUID(),
  };
}

const optionsSchema = z.strictObject({
  updateId: updateIdSchema.optional(),
  occurredAt: timestampSchema.optional(),
  run: runSchema.optional(),
  reason: reasonSchema.optional(),
  source: sourceSchema.optional(),
  waitMs: z
    .number()
    .min(0, "must be 0 or more milliseconds")
    .max(WAIT_MAX_MS, `must be at most ${WAIT_MAX_MS} milliseconds, an hour`)
    .optional(),
  createMissing: z.boolean().optional(),
});

const rollbackOptionsSchema = optionsSchema.extend({ undoes: updateIdSchema.optional() });

const progressSchema = z.strictObject({
  status: z.unknown().optional(),
  urls: z.unknown().optional(),
});

/** Checks a status, URLs, or both. */
export function checkUpdate(
  call: Call<UpdateOptions | undefined>,
  progress: PipelineProgress,
): CheckedUpdate {
  return checked(() => {
    const options = parseInput(optionsSchema, call.options ?? {});
    const fields = withoutUndefined(parseInput(progressSchema, progress));
    const update = parseInput(updateSchema, {
      twitchId: call.twitchId,
      ...fields,
      ...metaOf(call, options),
    });
    return {
      content: {
        kind: "update",
        update: { ...update, updateId: call.identity.updateId },
        createMissing: options.createMissing ?? call.defaults.createMissing,
      },
      waitMs: options.waitMs ?? call.defaults.waitMs,
    };
  });
}

/** Checks a rollback. */
export function checkRollback(call: Call<RollbackOptions | undefined>): CheckedUpdate {
  return checked(() => {
    const options = parseInput(rollbackOptionsSchema, call.options ?? {});
    const twitchId = parseInput(twitchIdSchema, call.twitchId);
    const { undoes } = options;
    const rollback = {
      twitchId,
      ...metaOf(call, options),
      ...(undoes !== undefined && { undoes }),
      updateId: call.identity.updateId,
    };
    const waitMs = options.waitMs ?? call.defaults.waitMs;
    return { content: { kind: "rollback", rollback }, waitMs };
  });
}

const reportSchema = z.object({
  twitchId: twitchIdSchema,
  percent: percentSchema,
  message: z.string().optional(),
});

/** Whether a progress report can be sent; its message is cut, not refused. */
export function checkProgress(report: unknown): InvalidInputError | null {
  const checked = checkInput(reportSchema, report);
  return checked.ok ? null : new InvalidInputError(checked.issues);
}

const timeoutSchema = z.strictObject({
  timeoutMs: z
    .number({ error: "must be a number of milliseconds" })
    .min(0, "must be 0 or more milliseconds")
    .max(TIMEOUT_MAX_MS, `must be at most ${TIMEOUT_MAX_MS} milliseconds`)
    .optional(),
});

/** @throws InvalidInputError */
export function checkTimeout(options: unknown, fallback: number): number {
  return parseInput(timeoutSchema, options ?? {}).timeoutMs ?? fallback;
}

function metaOf(
  { identity, options: given, now, startOf }: Call<UpdateOptions | undefined>,
  { occurredAt, run, reason, source }: z.infer<typeof optionsSchema>,
) {
  // Given as it was handed out: runs that this manager has started are found by the object, and the check makes a copy.
  const startedAt = run && startOf(given?.run ?? run);
  return withoutUndefined({
    updateId: identity.updateId,
    ageMs: occurredAt === undefined ? 0 : Math.max(0, now.at - occurredAt),
    run: run && startedAt && { id: run.id, ageMs: elapsedMs(startedAt, now) },
    reason,
    source,
  });
}

/** An argument that cannot even be read is wrong input, too: a getter that throws, for example. */
function checked(read: () => { content: EntryContent; waitMs: number }): CheckedUpdate {
  try {
    return { ok: true, ...read() };
  } catch (error) {
    if (error instanceof InvalidInputError) return { ok: false, error };
    const issues = [{ path: "", message: "cannot be read" }];
    return { ok: false, error: new InvalidInputError(issues, { cause: error }) };
  }
}

function withoutUndefined<T extends object>(fields: T): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}
