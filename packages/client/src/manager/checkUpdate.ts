import { randomUUID } from "node:crypto";

import {
  checkInput,
  type Issue,
  percentSchema,
  twitchIdSchema,
  updateMetaSchema,
  updateSchema,
} from "@klipstream/contract";
import { z } from "zod";

import { InvalidInputError } from "../errors.ts";
import type { EntryContent } from "../outbox/entry.ts";
import type { PipelineProgress, UpdateOptions } from "./results.ts";

/** What a caller asked for, checked; or why it cannot be accepted. */
export type CheckedUpdate =
  { ok: true; content: EntryContent; waitMs: number } | { ok: false; error: InvalidInputError };

export type UpdateDefaults = { waitMs: number; createMissing: boolean; now: number };

/** The ids that a result carries, also for a call that makes no sense. */
export function identify(twitchId: unknown, options: UpdateOptions | undefined) {
  const given: unknown = options?.updateId;
  return {
    twitchId: typeof twitchId === "string" ? twitchId : String(twitchId),
    updateId: typeof given === "string" ? given : randomUUID(),
  };
}

type Identity = ReturnType<typeof identify>;

/** What `updateMetaSchema` does not check. */
const optionsSchema = z.strictObject({
  updateId: z.unknown().optional(),
  occurredAt: z.unknown().optional(),
  run: z.unknown().optional(),
  reason: z.unknown().optional(),
  waitMs: z.number().min(0, "must be 0 or more milliseconds").optional(),
  createMissing: z.boolean().optional(),
});

/** Checks a status, URLs, or both. */
export function checkUpdate(
  identity: Identity,
  progress: PipelineProgress,
  { options, defaults }: { options: UpdateOptions | undefined; defaults: UpdateDefaults },
): CheckedUpdate {
  const settings = checkInput(optionsSchema, options ?? {});
  const fields = withoutUndefined({ ...progress, ...metaOf(identity, options, defaults) });
  const update = checkInput(updateSchema, { twitchId: identity.twitchId, ...fields });
  if (!settings.ok) return refuse(settings.issues);
  if (!update.ok) return refuse(update.issues);
  const content: EntryContent = {
    kind: "update",
    update: { ...update.value, updateId: identity.updateId },
    createMissing: settings.value.createMissing ?? defaults.createMissing,
  };
  return { ok: true, content, waitMs: settings.value.waitMs ?? defaults.waitMs };
}

const rollbackSchema = updateMetaSchema.extend({ twitchId: twitchIdSchema });

/** Checks a rollback. */
export function checkRollback(
  identity: Identity,
  { options, defaults }: { options: UpdateOptions | undefined; defaults: UpdateDefaults },
): CheckedUpdate {
  const settings = checkInput(optionsSchema, options ?? {});
  const fields = withoutUndefined(metaOf(identity, options, defaults));
  const rollback = checkInput(rollbackSchema, { twitchId: identity.twitchId, ...fields });
  if (!settings.ok) return refuse(settings.issues);
  if (!rollback.ok) return refuse(rollback.issues);
  const content: EntryContent = {
    kind: "rollback",
    rollback: { ...rollback.value, updateId: identity.updateId },
  };
  return { ok: true, content, waitMs: settings.value.waitMs ?? defaults.waitMs };
}

const progressSchema = z.object({
  twitchId: twitchIdSchema,
  percent: percentSchema,
  message: z.string().optional(),
});

/** Whether a progress report can be sent; its message is cut, not refused. */
export function checkProgress(report: unknown): InvalidInputError | null {
  const checked = checkInput(progressSchema, report);
  return checked.ok ? null : new InvalidInputError(checked.issues);
}

function metaOf(identity: Identity, options: UpdateOptions | undefined, { now }: UpdateDefaults) {
  const { occurredAt, run, reason } = options ?? {};
  return {
    updateId: identity.updateId,
    ageMs: ageOf(occurredAt ?? now, now),
    run: run && { id: run.id, ageMs: ageOf(run.startedAt, now) },
    reason,
  };
}

function refuse(issues: readonly Issue[]): CheckedUpdate {
  return { ok: false, error: new InvalidInputError(issues) };
}

function withoutUndefined<T extends object>(fields: T): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}

/** What is no time is left to the schema to refuse. */
function ageOf(time: number, now: number): number {
  return typeof time === "number" ? Math.max(0, now - time) : time;
}
