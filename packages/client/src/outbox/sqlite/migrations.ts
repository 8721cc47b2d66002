/**
 * The outbox file's schema, one step per version: step N makes version N of version N - 1. Steps are never changed, only added; the
 * files in `fixtures/` were written by each version.
 */
export const MIGRATIONS: readonly string[] = [
  // 1: one process. `dead_at` tells a dead letter from a pending entry.
  `
  CREATE TABLE entries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    deployment TEXT NOT NULL,
    twitch_id TEXT NOT NULL,
    content TEXT NOT NULL,
    accepted_at REAL NOT NULL,
    failures INTEGER NOT NULL DEFAULT 0,
    dead_at REAL,
    refusal TEXT
  ) STRICT;
  CREATE INDEX entries_pending ON entries (deployment, twitch_id, seq) WHERE dead_at IS NULL;
  CREATE INDEX entries_dead ON entries (deployment, seq) WHERE dead_at IS NOT NULL;

  CREATE TABLE books (
    deployment TEXT PRIMARY KEY,
    accepted INTEGER NOT NULL,
    acknowledged INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE held (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    entries INTEGER NOT NULL,
    bytes INTEGER NOT NULL
  ) STRICT;
  INSERT INTO held VALUES (1, 0, 0);
  CREATE TRIGGER entries_inserted AFTER INSERT ON entries BEGIN
    UPDATE held SET entries = entries + 1, bytes = bytes + length(NEW.content);
  END;
  CREATE TRIGGER entries_deleted AFTER DELETE ON entries BEGIN
    UPDATE held SET entries = entries - 1, bytes = bytes - length(OLD.content);
  END;
  `,
  // 2: several processes. A row per lane with pending entries; a lease is of a lane, a hold likewise.
  `
  CREATE TABLE lanes (
    deployment TEXT NOT NULL,
    twitch_id TEXT NOT NULL,
    head_seq INTEGER NOT NULL,
    last_occurred_at REAL NOT NULL,
    held_until REAL,
    lease_owner TEXT,
    lease_token INTEGER,
    lease_expires_at REAL,
    PRIMARY KEY (deployment, twitch_id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX lanes_by_head ON lanes (deployment, head_seq);
  CREATE INDEX lanes_by_owner ON lanes (lease_owner, lease_token) WHERE lease_owner IS NOT NULL;

  CREATE TABLE leases (id INTEGER PRIMARY KEY CHECK (id = 1), last_token INTEGER NOT NULL) STRICT;
  INSERT INTO leases VALUES (1, 0);

  INSERT INTO lanes (deployment, twitch_id, head_seq, last_occurred_at)
    SELECT deployment, twitch_id, min(seq), max(accepted_at) FROM entries
    WHERE dead_at IS NULL GROUP BY deployment, twitch_id;
  `,
  // 3: an identity and numbers to order by instead of times; the inode tells a copy from its original.
  `
  CREATE TABLE file (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    source_id TEXT NOT NULL,
    inode TEXT NOT NULL
  ) STRICT;
  INSERT INTO file VALUES (1, lower(hex(randomblob(16))), '');

  ALTER TABLE entries ADD COLUMN source_id TEXT NOT NULL DEFAULT '';
  ALTER TABLE entries ADD COLUMN source_sequence INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE entries ADD COLUMN uptime_origin TEXT;
  ALTER TABLE entries ADD COLUMN uptime_ms REAL;
  ALTER TABLE entries ADD COLUMN overtaken INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE entries ADD COLUMN digest TEXT;
  UPDATE entries SET source_id = (SELECT source_id FROM file), source_sequence = seq;
  CREATE INDEX entries_dead_by_lane ON entries (deployment, twitch_id, seq)
    WHERE dead_at IS NOT NULL;

  ALTER TABLE lanes DROP COLUMN last_occurred_at;
  `,
  // 4: without the holds of lanes, which nothing sets any more.
  `
  ALTER TABLE lanes DROP COLUMN held_until;
  `,
];
