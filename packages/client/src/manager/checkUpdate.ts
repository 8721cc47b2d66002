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
import { parseInput } from "../integration/checks.ts";
import type { EntryContent } from "../outbox/entry.ts";
import type { PipelineProgress, RollbackOptions, UpdateOptions } from "./results.ts";

/** What a caller asked for, checked; or why it cannot be accepted. */
export type CheckedUpdate =
  { ok: true; content: EntryContent; waitMs: number } | { ok: false; error: InvalidInputError };

/** The longest that a call may wait: an hour, as the manager's own option has it. */
const WAIT_MAX_MS = 3_600_000;
/** The longest that a timer of Node can be set for. */
const TIMEOUT_MAX_MS = 2 ** 31 - 1;

/** What a call is checked against. */
export type CallContext = {
  waitMs: number;
  createMissing: boolean;
  /** The moment of the call. */
  now: Moment;
  /** When a run started. */
  startOf: (run: Run) => Moment;
};

type Identity = { twitchId: string; updateId: string };

/** The ids that a result carries, also for a call that makes no sense. */
export function identify(twitchId: unknown, options: unknown): Identity {
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

type Call = { identity: Identity; twitchId: unknown; options: UpdateOptions | undefined };

/** Checks a status, URLs, or both. */
export function checkUpdate(
  call: Call,
  progress: PipelineProgress,
  context: CallContext,
): CheckedUpdate {
  return checked(() => {
    const options = parseInput(optionsSchema, call.options ?? {});
    const fields = withoutUndefined(parseInput(progressSchema, progress));
    const update = parseInput(updateSchema, {
      twitchId: call.twitchId,
      ...fields,
      ...metaOf(call, options, context),
    });
    return {
      content: {
        kind: "update",
        update: { ...update, updateId: call.identity.updateId },
        createMissing: options.createMissing ?? context.createMissing,
      },
      waitMs: options.waitMs ?? context.waitMs,
    };
  });
}

/** Checks a rollback. */
export function checkRollback(
  call: Omit<Call, "options"> & { options: RollbackOptions | undefined },
  context: CallContext,
): CheckedUpdate {
  return checked(() => {
    const options = parseInput(rollbackOptionsSchema, call.options ?? {});
    const twitchId = parseInput(twitchIdSchema, call.twitchId);
    const { undoes } = options;
    const rollback = {
      twitchId,
      ...metaOf(call, options, context),
      ...(undoes !== undefined && { undoes }),
      updateId: call.identity.updateId,
    };
    return { content: { kind: "rollback", rollback }, waitMs: options.waitMs ?? context.waitMs };
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
  { identity, options: given }: Call,
  { occurredAt, run, reason, source }: z.infer<typeof optionsSchema>,
  { now, startOf }: CallContext,
) {
  // A run that this manager has started is known by its very object.
  const startedAt = run && startOf(given?.run ?? run);
  return withoutUndefined({
    updateId: identity.updateId,
    ageMs: occurredAt === undefined ? 0 : Math.max(0, now.at - occurredAt),
    run: run && startedAt && { id: run.id, ageMs: elapsedMs(startedAt, now) },
    reason,
    source,
  });
}

/** Whatever goes wrong in reading an argument is the argument's fault, also a getter that throws. */
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
