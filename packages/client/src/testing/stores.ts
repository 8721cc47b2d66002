import { join } from "node:path";

import type { NewEntry } from "../outbox/entry.ts";
import { MemoryStore } from "../outbox/MemoryStore.ts";
import { SqliteStore } from "../outbox/sqlite/SqliteStore.ts";
import { OUTBOX_BOUNDS, type OutboxStore, type Settlement } from "../outbox/store.ts";

export const HERE = "https://here.example";
export const THERE = "https://there.example";
export const NOW = 1_700_000_000_000;

type Options = { createMissing?: boolean; rollback?: boolean; deployment?: string };

let count = 0;

/** An entry of lane `twitchId`; update ids are u1, u2, ... */
export function entry(twitchId: string, options: Options = {}): NewEntry {
  count += 1;
  const meta = { twitchId, updateId: `u${count}`, ageMs: 0 };
  return {
    deployment: options.deployment ?? HERE,
    twitchId,
    acceptedAt: NOW,
    acceptedUptime: null,
    content:
      options.rollback === true
        ? { kind: "rollback", rollback: meta }
        : {
            kind: "update",
            update: { ...meta, status: "Downloading" },
            createMissing: options.createMissing ?? false,
          },
  };
}

/** Every kind of store, each made in a folder. */
export const storeMakers: [string, (folder: string, maxEntries: number) => OutboxStore][] = [
  ["memory", (_folder, maxEntries) => new MemoryStore({ ...OUTBOX_BOUNDS, maxEntries })],
  [
    "SQLite",
    (folder, maxEntries) =>
      new SqliteStore(join(folder, "outbox.db"), { ...OUTBOX_BOUNDS, maxEntries }),
  ],
];

/** Makes a dead letter of a claimed entry. */
export function bury(seq: number): Settlement {
  const refusal = { code: "VIDEO_NOT_FOUND" as const, message: "no such video" };
  return { seq, to: "deadLettered", refusal, at: NOW };
}
