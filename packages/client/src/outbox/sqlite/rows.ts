import { createHash } from "node:crypto";

import {
  type DeadLetter,
  type Entry,
  type EntryContent,
  readContent,
  type Refusal,
} from "../entry.ts";

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
  /** 1 on a dead letter of whose video a later entry was acknowledged. */
  overtaken: number;
  /** Of the content; null on entries of file versions that had none. */
  digest: string | null;
};

/** Null when its content is damaged. */
export function readEntry(row: EntryRow): Entry | null {
  const content = contentOf(row);
  return content === null ? null : { ...readFrame(row), content };
}

/** Null when it is damaged, also where it still makes sense. */
export function contentOf({ content, digest }: EntryRow): EntryContent | null {
  return digest === null || digest === digestOf(content) ? readContent(content) : null;
}

export function digestOf(content: string): string {
  return createHash("sha1").update(content).digest("base64");
}

/** A dead letter is shown also when its content, its reason or both are damaged. */
export function readDeadLetter(row: EntryRow): DeadLetter {
  return {
    ...readFrame(row),
    content: contentOf(row),
    refusedAt: row.dead_at ?? row.accepted_at,
    refusal: readRefusal(row.refusal),
    isOvertaken: row.overtaken === 1,
  };
}

/** Why an entry that cannot be read is a dead letter. */
export const damagedRefusal: Refusal = {
  code: "OUTBOX_CORRUPT",
  message: "the entry is damaged in the outbox file and cannot be sent",
};

function readFrame(row: EntryRow): Omit<Entry, "content"> {
  const { seq, deployment, failures, uptime_origin: origin, uptime_ms: ms } = row;
  return {
    seq,
    source: { id: row.source_id, sequence: row.source_sequence },
    deployment,
    twitchId: row.twitch_id,
    acceptedAt: row.accepted_at,
    acceptedUptime: origin === null || ms === null ? null : { origin, ms },
    failures,
  };
}

function readRefusal(text: string | null): Refusal {
  try {
    const refusal = JSON.parse(text ?? "null") as Partial<Refusal> | null;
    if (typeof refusal?.code === "string" && typeof refusal.message === "string")
      return refusal as Refusal;
  } catch {
    // Not even JSON.
  }
  return damagedRefusal;
}
