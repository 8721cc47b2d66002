import { randomUUID } from "node:crypto";
import { chmodSync, existsSync, renameSync, statSync } from "node:fs";

import { DatabaseSync, type DatabaseSyncInstance } from "@photostructure/sqlite";

import { OutboxCorruptError, OutboxVersionError } from "../../errors.ts";
import { carryOver } from "./carryOver.ts";
import { DamageError, isDamage } from "./fileErrors.ts";
import { createPrivateFile, withFileLock } from "./fileLock.ts";
import type { LastNumber, SourceNumber } from "./LastNumber.ts";
import { isLogDamaged } from "./logDamage.ts";
import { MIGRATIONS } from "./migrations.ts";
import { salvage } from "./salvage.ts";
import { prepareStatements, type Statements } from "./statements.ts";

/** An outbox file that is open, and checked. */
export type OpenFile = {
  database: DatabaseSyncInstance;
  statements: Statements;
  /** Its identity; see `OutboxStore.sourceId`. */
  sourceId: string;
  inode: number;
  /** Whether it was empty before. */
  isNew: boolean;
};

/** Something was wrong with the file; to be logged. */
export type OutboxNotice = {
  event: "outbox.corrupt" | "outbox.lost";
  message: string;
  /** Where the damaged file is now. */
  path?: string;
  /** How many entries are missing, or can be listed but not be sent. */
  count: number;
};

export type OpenOptions = {
  lastNumber: LastNumber;
  /** After how many pages the write-ahead log is moved into the file. */
  logPages: number;
  onNotice: (notice: OutboxNotice) => void;
};

/** How long one process waits for another's transaction, in milliseconds. */
export const BUSY_TIMEOUT_MS = 1000;

/** "KlOb": marks a SQLite file as an outbox. */
const APPLICATION_ID = 0x4b6c4f62;
/** Files of versions 1 and 2 are known by these. */
const TABLES = ["entries", "books", "held"];

/** Where a damaged file is while it is read. If the process dies meanwhile, the next one goes on. */
export const damagedPathOf = (path: string) => `${path}.damaged`;
const COMPANIONS = ["", "-wal", "-shm"];

/** Where the lock is that keeps two processes from opening the same outbox at once. */
function openingLockOf(path: string): string {
  return `${path}-lock`;
}

/**
 * What this process has open, and where. The files of an outbox that is open were checked when it was opened first, and must not
 * be read beside SQLite: closing them would take this process's locks away (https://www.sqlite.org/howtocorrupt.html, 2.2).
 */
const openHere = new Map<OpenFile, string>();

/** Not where the one that is open was deleted and another is at its path. */
function isOpenHere(path: string): boolean {
  const inode = statSync(path, { throwIfNoEntry: false })?.ino;
  return [...openHere].some(([file, at]) => at === path && file.inode === inode);
}

/**
 * Opens an outbox file, makes it where there is none, brings it to this version's schema, and checks it: one process at a time. A
 * damaged file is set aside, and what can be read of it carried over.
 *
 * @param path - What `regularFile` returned.
 * @returns What is to be closed with {@link closeOutboxFile}.
 * @throws OutboxUnwritableError, OutboxVersionError, OutboxCorruptError, and what the file system and SQLite throw.
 */
export function openOutboxFile(path: string, options: OpenOptions): OpenFile {
  const file = openInTurn(path, options);
  openHere.set(file, path);
  return file;
}

/** The last to close a file deletes its log by name: nobody may open a new one under this name meanwhile. */
export function closeOutboxFile(path: string, file: OpenFile): void {
  const { database } = file;
  openHere.delete(file);
  try {
    withFileLock(openingLockOf(path), () => database.close());
  } catch {
    // Held, or the folder is gone: then there is nothing that could be mistaken.
    if (database.isOpen) database.close();
  }
}

function openInTurn(path: string, options: OpenOptions): OpenFile {
  return withFileLock(openingLockOf(path), () => {
    const before = options.lastNumber.read();
    try {
      const mayBeOpened = !isLeftDamaged(path) && !hasLogOnly(path);
      if (mayBeOpened && (isOpenHere(path) || !isLogDamaged(path))) {
        const file = openChecked(path, { ...options, before });
        if (file.isNew && before !== null) options.onNotice(goneNotice(path, before));
        return file;
      }
    } catch (error) {
      if (!isDamage(error)) throw error;
    }
    return beginAnew(path, { ...options, before });
  });
}

/** SQLite would throw the log of an empty file away. */
function hasLogOnly(path: string): boolean {
  const size = (file: string) => statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  return size(path) === 0 && size(`${path}-wal`) > 0;
}

function goneNotice(path: string, { sequence }: SourceNumber): OutboxNotice {
  return {
    event: "outbox.lost",
    message: `the outbox file ${path} is gone, whose newest entry was number ${sequence}; what of it had not been delivered is lost`,
    count: sequence,
  };
}

type Expectation = { before: SourceNumber | null; logPages: number };

function openChecked(path: string, expectation: Expectation): OpenFile {
  createPrivateFile(path);
  const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
  try {
    refuseForeign(database, path);
    chmodSync(path, 0o600);
    // The first has an effect on a new file only.
    database.exec("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL");
    database.exec(`PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = ${expectation.logPages}`);
    const inode = statSync(path).ino;
    const isNew = numberOf(database, "user_version") === 0;
    const sourceId = prepare(database, { path, inode, expectation });
    // The schema and the identity shall not be lost with the log.
    if (isNew) database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    // Here, since a schema that is damaged inside a name or a trigger shows only now.
    return { database, statements: prepareStatements(database), inode, isNew, sourceId };
  } catch (error) {
    // Out of the way before it is closed: closing would move its log into it and delete the log.
    if (isDamage(error)) moveFile(path, damagedPathOf(path));
    database.close();
    throw error;
  }
}

function refuseForeign(database: DatabaseSyncInstance, path: string): void {
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
  const names = (tables as { name: string }[]).map(({ name }) => name);
  if (names.length === 0 || TABLES.every((name) => names.includes(name))) return;
  if (numberOf(database, "application_id") === APPLICATION_ID) return;
  throw new OutboxCorruptError(
    `${path} is a SQLite file of another program; it was left as it is. Set CONVEX_OUTBOX_PATH to a path of its own`,
  );
}

function prepare(
  database: DatabaseSyncInstance,
  { path, inode, expectation }: { path: string; inode: number; expectation: Expectation },
): string {
  refuseNewer(database, path);
  // The quick one takes a sixth of the time, and does not see when an index hides entries.
  const [check] = database.prepare("PRAGMA integrity_check(1)").all() as Check[];
  if (check?.integrity_check !== "ok") throw new DamageError(check?.integrity_check);
  database.exec("BEGIN IMMEDIATE");
  try {
    for (const step of MIGRATIONS.slice(numberOf(database, "user_version"))) database.exec(step);
    if (numberOf(database, "user_version") < MIGRATIONS.length)
      database.exec(
        `PRAGMA user_version = ${MIGRATIONS.length}; PRAGMA application_id = ${APPLICATION_ID}`,
      );
    refuseImplausible(database);
    const sourceId = identify(database, { inode: String(inode), before: expectation.before });
    database.exec("COMMIT");
    return sourceId;
  } catch (error) {
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}

function refuseNewer(database: DatabaseSyncInstance, path: string): void {
  const version = numberOf(database, "user_version");
  if (version <= MIGRATIONS.length) return;
  throw new OutboxVersionError(
    `the outbox file ${path} was written by a newer version of @klipstream/client (file version ${version}, this one knows ${MIGRATIONS.length}); update the package on this machine`,
  );
}

/** What SQLite's own check lets through and this package never writes. */
const IMPLAUSIBLE = `
  SELECT 1 FROM entries
    WHERE seq NOT BETWEEN 1 AND 9007199254740991 OR failures NOT BETWEEN 0 AND 9007199254740991
      OR source_sequence NOT BETWEEN 1 AND 9007199254740991
  UNION ALL SELECT 1 FROM lanes
    WHERE head_seq NOT BETWEEN -1 AND 9007199254740991
      OR ifnull(lease_token, 0) NOT BETWEEN 0 AND 9007199254740991
  UNION ALL SELECT 1 FROM books
    WHERE accepted NOT BETWEEN 0 AND 9007199254740991 OR acknowledged NOT BETWEEN 0 AND accepted
  UNION ALL SELECT 1 WHERE (SELECT count(*) FROM entries WHERE dead_at IS NULL)
      + (SELECT count(*) FROM entries WHERE dead_at IS NOT NULL)
      <> (SELECT ifnull(sum(accepted - acknowledged), 0) FROM books)
  UNION ALL SELECT 1 WHERE (SELECT entries FROM held WHERE bytes BETWEEN 0 AND 1000000000)
      IS NOT (SELECT count(*) FROM entries)
  UNION ALL SELECT 1 WHERE (SELECT count(*) FROM leases) <> 1
  UNION ALL SELECT 1 FROM (
    SELECT DISTINCT deployment, twitch_id FROM entries WHERE dead_at IS NULL
    EXCEPT SELECT deployment, twitch_id FROM lanes)
  LIMIT 1`;

function refuseImplausible(database: DatabaseSyncInstance): void {
  if (database.prepare(IMPLAUSIBLE).all().length > 0)
    throw new DamageError("its tables do not fit together");
}

/**
 * The identity of the file. A copy, or what was restored from one, gets its own: the original may have used the next numbers.
 *
 * @throws DamageError when numbers of this identity are missing.
 */
function identify(
  database: DatabaseSyncInstance,
  { inode, before }: { inode: string; before: SourceNumber | null },
): string {
  const [file] = database.prepare("SELECT source_id, inode FROM file").all() as FileRow[];
  if (file !== undefined && before?.sourceId === file.source_id) {
    const missing = before.sequence - lastSequence(database);
    if (missing > 0) throw new DamageError(`its last ${missing} entries are missing`);
  }
  if (file?.inode === inode) return file.source_id;
  const sourceId = file?.inode === "" ? file.source_id : randomUUID();
  database
    .prepare("INSERT OR REPLACE INTO file (id, source_id, inode) VALUES (1, ?, ?)")
    .run(sourceId, inode);
  return sourceId;
}

type Check = { integrity_check?: string };
type FileRow = { source_id: string; inode: string };

function lastSequence(database: DatabaseSyncInstance): number {
  const newest = database.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'entries'");
  const [row] = newest.all() as { seq: number }[];
  return row?.seq ?? 0;
}

function numberOf(
  database: DatabaseSyncInstance,
  pragma: "user_version" | "application_id",
): number {
  const [row] = database.prepare(`PRAGMA ${pragma}`).all() as Record<string, number>[];
  return row?.[pragma] ?? 0;
}

/** Sets a damaged file aside, and begins a new one with what could be read of it. */
function beginAnew(
  path: string,
  { before, logPages, onNotice }: OpenOptions & { before: SourceNumber | null },
): OpenFile {
  const damaged = damagedPathOf(path);
  // First out of the way: what another process still writes into it is read with the rest, or it notices.
  if (!isLeftDamaged(path) || !existsSync(path)) moveFile(path, damaged);
  const found = salvage(damaged, randomUUID());
  const file = openChecked(path, { before: null, logPages });
  const newest = Math.max(before?.sequence ?? 0, found.rows.at(-1)?.seq ?? 0);
  const unreadable = carryOver(file.database, found, newest);
  const setAside = `${path}.corrupt-${new Date().toISOString().replaceAll(":", "-")}`;
  moveFile(damaged, setAside);
  const missing = Math.max(
    (found.expected ?? 0) - found.rows.length,
    (before?.sequence ?? 0) - found.accepted,
    0,
  );
  onNotice({
    event: "outbox.corrupt",
    message: `the outbox file was damaged; it was set aside, and a new one begun with ${found.rows.length} entries of it; up to ${missing} are missing, and ${describe(unreadable)} cannot be read and are dead letters`,
    path: setAside,
    count: missing + unreadable.length,
  });
  return file;
}

const NAMED_MAX_COUNT = 20;

function describe(seqs: readonly number[]): string {
  if (seqs.length === 0) return "none";
  const named = seqs.slice(0, NAMED_MAX_COUNT).join(", ");
  return `${seqs.length} (${seqs.length > NAMED_MAX_COUNT ? `${named}, ...` : named})`;
}

/** A process died while it set a file aside. */
function isLeftDamaged(path: string): boolean {
  return COMPANIONS.some((suffix) => existsSync(damagedPathOf(path) + suffix));
}

/** Never overwrites: what is in a damaged file may still be read by a person. */
function moveFile(from: string, to: string): void {
  for (const suffix of COMPANIONS)
    if (existsSync(from + suffix) && !existsSync(to + suffix))
      renameSync(from + suffix, to + suffix);
}
