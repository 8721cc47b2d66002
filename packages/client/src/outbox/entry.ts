import { randomUUID } from "node:crypto";

import {
  type Rollback,
  rollbackSchema,
  type Source,
  type Update,
  type UpdateMeta,
  updateSchema,
} from "@klipstream/contract";
import { z } from "zod";

import { elapsedMs, type Moment, type Uptime } from "../clock.ts";
import type { ClientErrorCode } from "../errors.ts";

/**
 * A status and URLs to record, with the id that every entry has. `ageMs` and `run.ageMs` are those at the moment of acceptance; what
 * clients of before have left has `occurredAt` and `run.startedAt` instead.
 */
export type RecordedUpdate = Update & { updateId: string };

/** A status change to undo. The same is true of its ages. */
export type RecordedRollback = Rollback & { updateId: string };

/** What an entry asks of the backend. */
export type EntryContent =
  | { kind: "update"; update: RecordedUpdate; createMissing: boolean }
  | { kind: "rollback"; rollback: RecordedRollback };

/** One update in the outbox. */
export type Entry = {
  /** The order of acceptance over all lanes. */
  seq: number;
  /**
   * Which outbox accepted it, and as which one: what the backend orders by. Usually `sequence` is `seq`; an entry that was carried over
   * from another file keeps its own.
   */
  source: Source;
  /** The address of the deployment that it is meant for. */
  deployment: string;
  /** Its lane. */
  twitchId: string;
  content: EntryContent;
  /** Milliseconds since 1970. */
  acceptedAt: number;
  /** The same on the monotonic clock; null where that was not read. */
  acceptedUptime: Uptime | null;
  /** How often its function broke. */
  failures: number;
};

/**
 * The states of an entry:
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
export type EntryState = "pending" | "leased" | "acknowledged" | "deadLettered";

/** Every legal move between the states of an entry. */
export const ENTRY_MOVES = {
  pending: ["leased"],
  leased: ["pending", "acknowledged", "deadLettered"],
  acknowledged: [],
  deadLettered: ["pending"],
} as const satisfies Record<EntryState, readonly EntryState[]>;

export type NewEntry = Pick<
  Entry,
  "deployment" | "twitchId" | "content" | "acceptedAt" | "acceptedUptime"
>;

/** Why the backend refused an entry for good. */
export type Refusal = {
  code: ClientErrorCode;
  message: string;
  httpStatus?: number | undefined;
  requestId?: string | undefined;
};

export type DeadLetter = Omit<Entry, "content"> & {
  /** Null when it is damaged: then it can only be looked at. */
  content: EntryContent | null;
  refusal: Refusal;
  /** Milliseconds since 1970. */
  refusedAt: number;
  /** Whether a later entry of its lane was acknowledged: redriven under its number it would change nothing. */
  isOvertaken: boolean;
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

/** The lane that an update belongs to. */
export function twitchIdOf(content: EntryContent): string {
  return content.kind === "update" ? content.update.twitchId : content.rollback.twitchId;
}

/** How long ago an entry was accepted, in milliseconds. See {@link elapsedMs}. */
export function ageOf(
  { acceptedAt, acceptedUptime }: Pick<Entry, "acceptedAt" | "acceptedUptime">,
  moment: Moment,
): number {
  return elapsedMs({ at: acceptedAt, uptime: acceptedUptime }, moment);
}

/**
 * An entry's content as it is sent at a moment: with its source, and with the ages that the update and its run have then, instead
 * of times.
 */
export function contentToSend(entry: Entry, moment: Moment): EntryContent {
  return withMeta(entry.content, (meta) => ({
    // An update that came through a relay keeps the number that its sender gave it.
    source: meta.source ?? entry.source,
    ...agesOf(entry, meta, moment),
  }));
}

/** A new entry that says what an old one says, as of a moment. Its run is as old as it is. */
export function renewed(entry: Entry, moment: Moment): NewEntry {
  const { deployment, twitchId } = entry;
  const content = withMeta(entry.content, (meta) => ({
    ...agesOf(entry, meta, moment),
    updateId: randomUUID(),
    source: undefined,
    ageMs: 0,
  }));
  return { deployment, twitchId, content, acceptedAt: moment.at, acceptedUptime: moment.uptime };
}

/** What the backend takes at most. */
const AGE_MAX_MS = 1e13;

function agesOf(entry: Entry, meta: UpdateMeta, moment: Moment) {
  const age = (whenAccepted: number | undefined, startedAt: number | undefined): number => {
    const ageMs =
      whenAccepted === undefined
        ? moment.at - (startedAt ?? entry.acceptedAt)
        : whenAccepted + ageOf(entry, moment);
    return Math.round(Math.min(Math.max(0, ageMs), AGE_MAX_MS));
  };
  const { ageMs, occurredAt, run } = meta;
  return {
    ageMs: age(ageMs, occurredAt),
    ...(run && { run: { id: run.id, ageMs: age(run.ageMs, run.startedAt) } }),
  };
}

function withMeta(content: EntryContent, change: (meta: UpdateMeta) => UpdateMeta): EntryContent {
  if (content.kind === "update") {
    const { occurredAt: _time, ...update } = content.update;
    return { ...content, update: { ...update, ...change(content.update) } };
  }
  const { occurredAt: _time, ...rollback } = content.rollback;
  return { ...content, rollback: { ...rollback, ...change(content.rollback) } };
}

const always = { updateId: z.string() };
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
