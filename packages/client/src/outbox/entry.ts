import { type Update, updateMetaSchema, updateSchema, twitchIdSchema } from "@klipstream/contract";
import { z } from "zod";

import type { ClientErrorCode } from "../errors.ts";

/** A status and URLs to record, with the id and the time that every entry has. */
export type RecordedUpdate = Update & { updateId: string; occurredAt: number };

const rollbackSchema = z.strictObject({ twitchId: twitchIdSchema, ...updateMetaSchema.shape });

/** A status change to undo. */
export type RecordedRollback = z.infer<typeof rollbackSchema> & {
  updateId: string;
  occurredAt: number;
};

/** What an entry asks of the backend. */
export type EntryContent =
  | { kind: "update"; update: RecordedUpdate; createMissing: boolean }
  | { kind: "rollback"; rollback: RecordedRollback };

/**
 * One update in the outbox.
 *
 * Its states:
 *
 * - **pending**: on disk, waiting for its turn. Entered when it is accepted; when a delivery failed for a reason that may pass (after a
 *   function broke, not before a set time); when its lease runs out or its process dies; and by a redrive. Left when it and all
 *   that is ahead of it in its lane are leased together.
 * - **leased**: one process is sending it. The lease belongs to the whole lane, so no other process sends anything of this video.
 *   Left by that process when the delivery is settled, by any other once the lease has run out. A settlement under a lease that was
 *   lost changes nothing.
 * - **acknowledged**: the backend answered that it is applied, unchanged, duplicate or superseded. The entry is deleted and counted.
 * - **deadLettered**: the backend refused it for good. Kept with the reason; its lane goes on. Left by a redrive only.
 *
 * At any time and across processes: accepted = acknowledged + pending (leased included) + deadLettered.
 */
export type Entry = {
  /** The order of acceptance over all lanes. */
  seq: number;
  /** The address of the deployment that it is meant for. */
  deployment: string;
  /** Its lane. */
  twitchId: string;
  content: EntryContent;
  /** Milliseconds since 1970. */
  acceptedAt: number;
  /** How often its function broke. */
  failures: number;
};

/** See {@link Entry}. */
export type EntryState = "pending" | "leased" | "acknowledged" | "deadLettered";

/** Every legal move between the states of an entry. */
export const ENTRY_MOVES = {
  pending: ["leased"],
  leased: ["pending", "acknowledged", "deadLettered"],
  acknowledged: [],
  deadLettered: ["pending"],
} as const satisfies Record<EntryState, readonly EntryState[]>;

export type NewEntry = Pick<Entry, "deployment" | "twitchId" | "content" | "acceptedAt">;

/** Why the backend refused an entry for good. */
export type Refusal = {
  code: ClientErrorCode;
  message: string;
  httpStatus?: number | undefined;
  requestId?: string | undefined;
};

export type DeadLetter = Entry & {
  refusal: Refusal;
  /** Milliseconds since 1970. */
  refusedAt: number;
};

/**
 * Which function an entry goes through when it travels with others: updates with updates, those that may create their
 * video apart, and a rollback alone.
 */
export type Route = "update" | "create" | "rollback";

export function routeOf(content: EntryContent): Route {
  if (content.kind === "rollback") return "rollback";
  return content.createMissing ? "create" : "update";
}

/** The id under which the backend recognises a second delivery of an entry. */
export function updateIdOf(content: EntryContent): string {
  return content.kind === "update" ? content.update.updateId : content.rollback.updateId;
}

/** The same content at a later moment; see `OutboxStore.append`. */
export function notBefore(content: EntryContent, moment: number): EntryContent {
  if (content.kind === "update") {
    const occurredAt = Math.max(content.update.occurredAt, moment);
    return { ...content, update: { ...content.update, occurredAt } };
  }
  const occurredAt = Math.max(content.rollback.occurredAt, moment);
  return { ...content, rollback: { ...content.rollback, occurredAt } };
}

export function occurredAtOf(content: EntryContent): number {
  return content.kind === "update" ? content.update.occurredAt : content.rollback.occurredAt;
}

const always = { updateId: z.string(), occurredAt: z.number() };
const contentSchema = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("update"),
    update: updateSchema.and(z.looseObject(always)),
    createMissing: z.boolean(),
  }),
  z.object({ kind: z.literal("rollback"), rollback: rollbackSchema.and(z.looseObject(always)) }),
]);

export function writeContent(content: EntryContent): string {
  return JSON.stringify(content);
}

/** Reads what an outbox file holds; null when it is damaged. */
export function readContent(text: string): EntryContent | null {
  try {
    const parsed = contentSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    // Not even JSON.
    return null;
  }
}
