import type { DatabaseSyncInstance } from "@photostructure/sqlite";

import { damagedRefusal, type EntryRow, contentOf } from "./rows.ts";

/** What is to be carried over from another outbox file. */
export type Cargo = {
  /** In their order. */
  rows: readonly EntryRow[];
  /** How many entries each deployment has acknowledged there. */
  acknowledged: ReadonlyMap<string, number>;
};

const INSERT = `
  INSERT INTO entries
    (seq, deployment, twitch_id, content, accepted_at, failures, dead_at, refusal, source_id,
      source_sequence, uptime_origin, uptime_ms, overtaken, digest)
  VALUES
    ((SELECT @seq WHERE NOT EXISTS (SELECT 1 FROM entries WHERE seq = @seq)), @deployment,
      @twitch_id, @content, @accepted_at, @failures, @dead_at, @refusal, @source_id,
      @source_sequence, @uptime_origin, @uptime_ms, @overtaken, @digest)`;
const ENTER_LANE = `
  INSERT INTO lanes (deployment, twitch_id, head_seq) VALUES (?, ?, ?)
  ON CONFLICT DO UPDATE SET head_seq = min(head_seq, excluded.head_seq)`;
const ENTER_BOOKS = `
  INSERT INTO books VALUES (@deployment, @count + @acknowledged, @acknowledged)
  ON CONFLICT DO UPDATE SET accepted = accepted + @count`;

/**
 * Puts the entries of another file into an outbox file, in one transaction. They keep their source and, where it is free, their
 * place; what is there already stays as it is. What cannot be read becomes a dead letter.
 *
 * @param newest - The number that the next entry's must be higher than.
 * @returns The numbers of those that cannot be read.
 */
export function carryOver(database: DatabaseSyncInstance, cargo: Cargo, newest: number): number[] {
  database.exec("BEGIN IMMEDIATE");
  try {
    const rows = withoutKnown(database, cargo.rows).map(buryUnreadable);
    const insert = database.prepare(INSERT);
    const enterLane = database.prepare(ENTER_LANE);
    for (const row of rows) {
      const { lastInsertRowid: seq } = insert.run(row);
      if (row.dead_at === null) enterLane.run(row.deployment, row.twitch_id, seq);
    }
    enterBooks(database, rows, cargo.acknowledged);
    database
      .prepare("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'entries'")
      .run(newest);
    database.exec("COMMIT");
    return rows.filter(({ refusal }) => refusal === DAMAGED).map(({ seq }) => seq);
  } catch (error) {
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}

const keyOf = ({ source_id, source_sequence }: Pick<EntryRow, "source_id" | "source_sequence">) =>
  `${source_id} ${source_sequence}`;

function withoutKnown(database: DatabaseSyncInstance, rows: readonly EntryRow[]): EntryRow[] {
  const there = database.prepare("SELECT source_id, source_sequence FROM entries").all();
  const known = new Set(there.map((row) => keyOf(row as EntryRow)));
  return rows.filter((row) => !known.has(keyOf(row)));
}

const DAMAGED = JSON.stringify(damagedRefusal);

function buryUnreadable(row: EntryRow): EntryRow {
  if (row.dead_at !== null || contentOf(row) !== null) return row;
  return { ...row, dead_at: row.accepted_at, refusal: DAMAGED };
}

function enterBooks(
  database: DatabaseSyncInstance,
  rows: readonly EntryRow[],
  acknowledged: ReadonlyMap<string, number>,
): void {
  const counts = new Map([...acknowledged.keys()].map((deployment) => [deployment, 0]));
  for (const { deployment } of rows) counts.set(deployment, (counts.get(deployment) ?? 0) + 1);
  const enter = database.prepare(ENTER_BOOKS);
  for (const [deployment, count] of counts)
    enter.run({ deployment, count, acknowledged: acknowledged.get(deployment) ?? 0 });
}
