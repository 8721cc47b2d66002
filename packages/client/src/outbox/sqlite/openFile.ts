import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  renameSync,
  statSync,
} from "node:fs";
import { randomUUID } from "node:crypto";
import { dirname } from "node:path";

import Database from "libsql";

import {
  KlipstreamError,
  OutboxCorruptError,
  OutboxUnwritableError,
  OutboxVersionError,
} from "../../errors.ts";
import { MIGRATIONS } from "./migrations.ts";

export type OutboxFile = {
  database: Database.Database;
  /** Its identity; see `OutboxStore.sourceId`. */
  sourceId: string;
  /** Where a damaged file was put that stood in its place; null when there was none. */
  setAside: string | null;
};

/** How long one process waits for another's transaction, in milliseconds. */
const BUSY_TIMEOUT_MS = 5000;

/** Switching a new file to WAL is not covered by the busy timeout. */
const OPEN_ATTEMPTS = 50;
const OPEN_PAUSE_MS = 20;

/**
 * Opens an outbox file, makes it where there is none, and brings it to this version's schema.
 *
 * @param path - The file. Folders that are missing are made, for this user only.
 * @throws OutboxUnwritableError, OutboxVersionError, OutboxCorruptError
 */
export function openOutboxFile(path: string): OutboxFile {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    // Made before SQLite sees it: its companion files copy this mode.
    closeSync(openSync(path, "a", 0o600));
    chmodSync(path, 0o600);
    return { ...openWithRetries(path), setAside: null };
  } catch (error) {
    if (!isDamage(error)) throw toOutboxError(error, path);
    const setAside = putAside(path);
    closeSync(openSync(path, "a", 0o600));
    return { ...openWithRetries(path), setAside };
  }
}

/** Makes of an error of the file system or of SQLite one of this package. */
export function toOutboxError(error: unknown, path: string): KlipstreamError {
  if (error instanceof KlipstreamError) return error;
  const why = error instanceof Error ? error.message : String(error);
  if (isDamage(error))
    return new OutboxCorruptError(`the outbox file ${path} is damaged: ${why}`, { cause: error });
  return new OutboxUnwritableError(
    `the outbox file ${path} cannot be used: ${why}; check the disk's space and the file's permissions, or set CONVEX_OUTBOX_PATH`,
    { cause: error },
  );
}

function openWithRetries(path: string): Omit<OutboxFile, "setAside"> {
  for (let attempt = 1; ; attempt++) {
    const database = new Database(path, { timeout: BUSY_TIMEOUT_MS });
    try {
      return { database, sourceId: prepare(database, path) };
    } catch (error) {
      database.close();
      if (codeOf(error) !== "SQLITE_BUSY" || attempt === OPEN_ATTEMPTS) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, OPEN_PAUSE_MS);
    }
  }
}

function prepare(database: Database.Database, path: string): string {
  database.exec("PRAGMA journal_mode = WAL");
  database.exec("PRAGMA synchronous = FULL");
  const [check] = database.prepare("PRAGMA quick_check(1)").all() as { quick_check?: string }[];
  if (check?.quick_check !== "ok") throw new DamageError(check?.quick_check ?? "no answer");
  database.exec("BEGIN IMMEDIATE");
  try {
    migrate(database, path);
    const sourceId = identify(database, path);
    database.exec("COMMIT");
    return sourceId;
  } catch (error) {
    if (database.inTransaction) database.exec("ROLLBACK");
    throw error;
  }
}

function migrate(database: Database.Database, path: string): void {
  const [row] = database.prepare("PRAGMA user_version").all() as { user_version: number }[];
  const version = row?.user_version ?? 0;
  if (version > MIGRATIONS.length)
    throw new OutboxVersionError(
      `the outbox file ${path} was written by a newer version of @klipstream/client (file version ${version}, this one knows ${MIGRATIONS.length}); update the package on this machine`,
    );
  for (const step of MIGRATIONS.slice(version)) database.exec(step);
  if (version < MIGRATIONS.length) database.exec(`PRAGMA user_version = ${MIGRATIONS.length}`);
}

/**
 * The identity of the file. A copy, or what was restored from one, gets its own: the original may have used the next numbers.
 */
function identify(database: Database.Database, path: string): string {
  const inode = String(statSync(path, { bigint: true }).ino);
  const [file] = database.prepare("SELECT source_id, inode FROM file").all() as FileRow[];
  if (file?.inode === inode) return file.source_id;
  const sourceId = file?.inode === "" ? file.source_id : randomUUID();
  database
    .prepare("INSERT OR REPLACE INTO file (id, source_id, inode) VALUES (1, ?, ?)")
    .run(sourceId, inode);
  return sourceId;
}

type FileRow = { source_id: string; inode: string };

/** `quick_check` found something. */
class DamageError extends Error {
  readonly code = "SQLITE_CORRUPT";
}

function isDamage(error: unknown): boolean {
  const code = codeOf(error);
  return code === "SQLITE_NOTADB" || code?.startsWith("SQLITE_CORRUPT") === true;
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** Never overwritten, never deleted: what is in it may still be read by a person. */
function putAside(path: string): string {
  const target = `${path}.corrupt-${new Date().toISOString().replaceAll(":", "-")}`;
  for (const suffix of ["", "-wal", "-shm"])
    if (existsSync(path + suffix)) renameSync(path + suffix, target + suffix);
  return target;
}
