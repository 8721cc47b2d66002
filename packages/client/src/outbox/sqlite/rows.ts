import type { DeadLetter, Entry, Refusal } from "../entry.ts";
import { readContent } from "../entry.ts";

/** A row of the table `entries`. */
export type EntryRow = {
  seq: number;
  deployment: string;
  twitch_id: string;
  content: string;
  accepted_at: number;
  failures: number;
  dead_at: number | null;
  refusal: string | null;
  source_id: string;
  source_sequence: number;
  uptime_origin: string | null;
  uptime_ms: number | null;
};

/** Null when its content is damaged. */
export function readEntry(row: EntryRow): Entry | null {
  const content = readContent(row.content);
  if (content === null) return null;
  const { seq, deployment, failures, uptime_origin: origin, uptime_ms: ms } = row;
  return {
    seq,
    source: { id: row.source_id, sequence: row.source_sequence },
    deployment,
    twitchId: row.twitch_id,
    content,
    acceptedAt: row.accepted_at,
    acceptedUptime: origin === null || ms === null ? null : { origin, ms },
    failures,
  };
}

export function readDeadLetter(row: EntryRow): DeadLetter | null {
  const entry = readEntry(row);
  if (entry === null || row.dead_at === null || row.refusal === null) return null;
  return { ...entry, refusedAt: row.dead_at, refusal: JSON.parse(row.refusal) as Refusal };
}

/** Why an entry that cannot be read is a dead letter. */
export const damagedRefusal: Refusal = {
  code: "OUTBOX_CORRUPT",
  message: "the entry is damaged in the outbox file and cannot be sent",
};
