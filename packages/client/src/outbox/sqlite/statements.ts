import type { DatabaseSyncInstance, StatementSyncInstance } from "@photostructure/sqlite";

import { LEASE_MS } from "../store.ts";

/** A lane is free unless a lease is on. One that ends later than any could is from before the machine's start: it is over. */
const IS_FREE = `
  (lease_owner IS NULL OR lease_expires_at <= @now OR lease_expires_at > @now + ${LEASE_MS})`;

/** Goes along the table itself: its first row is found at once, where an index would be read from end to end. */
const PENDING_IN_ORDER = `
  FROM entries NOT INDEXED WHERE deployment = @deployment AND dead_at IS NULL ORDER BY seq`;

const STATEMENTS = {
  held: "SELECT entries, bytes FROM held",
  insert: `
    INSERT INTO entries
      (deployment, twitch_id, content, digest, accepted_at, uptime_origin, uptime_ms, source_id,
        source_sequence)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?,
      1 + ifnull((SELECT seq FROM sqlite_sequence WHERE name = 'entries'), 0))`,
  enterLane: `
    INSERT INTO lanes (deployment, twitch_id, head_seq) VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET head_seq = min(head_seq, excluded.head_seq)`,
  countAccepted: `
    INSERT INTO books VALUES (@deployment, @count, 0)
    ON CONFLICT DO UPDATE SET accepted = accepted + @count`,
  countAcknowledged: "UPDATE books SET acknowledged = acknowledged + ? WHERE deployment = ?",

  freeLanes: `
    SELECT deployment, twitch_id FROM lanes INDEXED BY lanes_by_head
    WHERE deployment = @deployment AND ${IS_FREE}
      AND (@lane IS NULL OR twitch_id = @lane)
      AND twitch_id NOT IN (SELECT value FROM json_each(@except))
    ORDER BY head_seq LIMIT @limit`,
  owners: "SELECT DISTINCT lease_owner FROM lanes WHERE lease_owner IS NOT NULL",
  freeOwner: "UPDATE lanes SET lease_owner = NULL WHERE lease_owner = ?",
  head: `
    SELECT * FROM entries WHERE deployment = ? AND twitch_id = ? AND dead_at IS NULL
    ORDER BY seq LIMIT ?`,
  nextToken: "UPDATE leases SET last_token = last_token + 1 RETURNING last_token AS token",
  lease: `
    UPDATE lanes SET lease_owner = ?, lease_token = ?, lease_expires_at = ?
    WHERE deployment = ? AND twitch_id = ?`,
  renew: "UPDATE lanes SET lease_expires_at = ? WHERE lease_owner = ? AND lease_token = ?",

  leasedEntry: `
    SELECT entries.* FROM entries JOIN lanes USING (deployment, twitch_id)
    WHERE seq = ? AND dead_at IS NULL AND lease_owner = ? AND lease_token = ?`,
  acknowledge: `
    DELETE FROM entries WHERE seq = ? AND dead_at IS NULL AND EXISTS (
      SELECT 1 FROM lanes
      WHERE lanes.deployment = entries.deployment AND lanes.twitch_id = entries.twitch_id
        AND lease_owner = ? AND lease_token = ?)
    RETURNING deployment, twitch_id`,
  overtake: `
    UPDATE entries SET overtaken = 1
    WHERE deployment = ? AND twitch_id = ? AND dead_at IS NOT NULL AND seq < ?`,
  bury: "UPDATE entries SET dead_at = ?, refusal = ? WHERE seq = ?",
  countFailures: "UPDATE entries SET failures = ? WHERE seq = ?",
  leasedLanes: "SELECT deployment, twitch_id FROM lanes WHERE lease_owner = ? AND lease_token = ?",
  moveHead: `
    UPDATE lanes SET head_seq = ifnull((
      SELECT min(seq) FROM entries
      WHERE entries.deployment = lanes.deployment AND entries.twitch_id = lanes.twitch_id
        AND dead_at IS NULL), -1)
    WHERE deployment = ? AND twitch_id = ?`,
  removeEmptyLane: "DELETE FROM lanes WHERE deployment = ? AND twitch_id = ? AND head_seq = -1",
  freeLane: "UPDATE lanes SET lease_owner = NULL WHERE deployment = ? AND twitch_id = ?",

  stats: `
    SELECT
      ifnull((SELECT accepted FROM books WHERE deployment = @deployment), 0) AS accepted,
      ifnull((SELECT acknowledged FROM books WHERE deployment = @deployment), 0) AS acknowledged,
      (SELECT count(*) FROM entries WHERE deployment = @deployment AND dead_at IS NULL) AS pending,
      (SELECT count(*) FROM entries WHERE deployment = @deployment AND dead_at IS NOT NULL)
        AS deadLettered,
      (SELECT accepted_at ${PENDING_IN_ORDER} LIMIT 1) AS oldestAcceptedAt,
      (SELECT seq ${PENDING_IN_ORDER} LIMIT 1) AS oldestSeq,
      (SELECT seq ${PENDING_IN_ORDER} DESC LIMIT 1) AS newestSeq`,
  deployments: "SELECT deployment FROM books ORDER BY deployment",
  newest: "SELECT seq FROM sqlite_sequence WHERE name = 'entries'",
  bySource: "SELECT * FROM entries WHERE source_id = ? AND source_sequence = ?",
  pending: "SELECT * FROM entries WHERE deployment = ? AND dead_at IS NULL ORDER BY seq LIMIT ?",
  deadLetters: "SELECT * FROM entries WHERE deployment = ? AND dead_at IS NOT NULL ORDER BY seq",
  remove: "DELETE FROM entries WHERE seq = ?",
  redrive: "UPDATE entries SET dead_at = NULL, refusal = NULL, failures = 0 WHERE seq = ?",
} as const;

/** The statements of an outbox file, prepared once. */
export type Statements = Record<keyof typeof STATEMENTS, StatementSyncInstance>;

export function prepareStatements(database: DatabaseSyncInstance): Statements {
  const prepared = Object.entries(STATEMENTS).map(([name, sql]) => [name, database.prepare(sql)]);
  return Object.fromEntries(prepared) as Statements;
}
