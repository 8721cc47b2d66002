import { closeSync, existsSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";

import {
  DatabaseSync,
  type DatabaseSyncInstance,
  type StatementSyncInstance,
} from "@photostructure/sqlite";

import { DataFileError } from "./dataFileError.ts";

export const DATA_FILE = "data.db";

/**
 * The file's schema, one step per version: step N makes version N of version N - 1. Steps are never changed, only
 * added. All text is kept in BLOBs: a damaged file may hold any bytes, and as text they would be read as others.
 */
const VERSIONS: readonly string[] = [
  `CREATE TABLE records (key BLOB PRIMARY KEY, value BLOB NOT NULL, sum INTEGER NOT NULL) STRICT, WITHOUT ROWID`,
];

type Row = { key: Uint8Array; value: Uint8Array; sum: number };

/** A text by its key; null removes it. */
export type StoredRecord = readonly [key: string, value: string | null];

/**
 * A map of texts on disk, which belongs to one process at a time. What a `write` was given is there whole or not at all,
 * and durable when it returns.
 */
export class DataFile {
  /** What is too large for it is beside it. */
  readonly folder: string;
  readonly #path: string;
  readonly #database: DatabaseSyncInstance;
  readonly #put: StatementSyncInstance;
  readonly #delete: StatementSyncInstance;
  #deferred: StoredRecord[] = [];
  /** Only the first write changes the file: one that is refused for what is in it stays as it is. */
  #isWritten = false;

  /**
   * Opens the data file of a folder, and makes both where they are missing, for this user only.
   *
   * @throws DataFileError
   */
  constructor(folder: string) {
    this.folder = folder;
    this.#path = join(folder, DATA_FILE);
    this.#database = this.#explain(() => open(folder, this.#path));
    this.#put = this.#database.prepare("INSERT OR REPLACE INTO records VALUES (?, ?, ?)");
    this.#delete = this.#database.prepare("DELETE FROM records WHERE key = ?");
  }

  /**
   * All records, in the order of their keys.
   *
   * @throws DataFileError `DATA_DAMAGED` if one is not what was written.
   */
  read(): [key: string, value: string][] {
    const rows = this.#explain((): unknown =>
      this.#database.prepare("SELECT key, value, sum FROM records ORDER BY key").all(),
    ) as Row[];
    return rows.map(({ key, value, sum }) => {
      const [keyBytes, valueBytes] = [Buffer.from(key), Buffer.from(value)];
      if (sumOf(keyBytes, valueBytes) !== sum)
        throw this.damaged(`a record of it has changed: ${keyBytes.toString("latin1")}`);
      return [keyBytes.toString(), valueBytes.toString()];
    });
  }

  /** @throws DataFileError `DATA_UNUSABLE`: then nothing of it is written. */
  write(records: Iterable<StoredRecord>): void {
    this.#explain(() => {
      if (!this.#isWritten) this.#database.exec("PRAGMA journal_mode = WAL");
      this.#isWritten = true;
      this.#database.exec("BEGIN IMMEDIATE");
      try {
        for (const record of this.#deferred) this.#apply(record);
        for (const record of records) this.#apply(record);
        this.#database.exec("COMMIT");
      } catch (error) {
        if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
        throw error;
      }
    });
    this.#deferred = [];
  }

  /** Writes these together with the next ones. */
  defer(records: readonly StoredRecord[]): void {
    this.#deferred.push(...records);
  }

  /** Leaves all in one file, and lets another open it. */
  close(): void {
    if (!this.#database.isOpen) return;
    try {
      this.#explain(() => {
        if (this.#isWritten) this.#database.exec("PRAGMA journal_mode = DELETE");
        // The connection, and with it the lock, is kept until the statements are collected: so let go of it here.
        this.#database.exec("PRAGMA locking_mode = NORMAL");
        this.#database.prepare("SELECT count(*) FROM sqlite_master").all();
      });
    } finally {
      this.#database.close();
    }
  }

  damaged(why: string, cause?: unknown): DataFileError {
    return new DataFileError(
      "DATA_DAMAGED",
      `The data file ${this.#path} is damaged and was left as it is (${why}). Restore it from a backup, or move it away to begin with an empty deployment.`,
      { cause },
    );
  }

  #apply([key, value]: StoredRecord): void {
    const keyBytes = Buffer.from(key);
    if (value === null) {
      this.#delete.run(keyBytes);
      return;
    }
    const valueBytes = Buffer.from(value);
    this.#put.run(keyBytes, valueBytes, sumOf(keyBytes, valueBytes));
  }

  #explain<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (error instanceof DataFileError) throw error;
      const why = error instanceof Error ? error.message : String(error);
      if (resultCodeOf(error) === BUSY)
        throw new DataFileError(
          "DATA_IN_USE",
          `A local deployment runs on ${this.#path} already. Stop it, or start this one in another folder.`,
          { cause: error },
        );
      if (isDamage(error)) throw this.damaged(why, error);
      throw new DataFileError(
        "DATA_UNUSABLE",
        `The data file ${this.#path} cannot be used: ${why}. Check the disk's space and the rights of the folder.`,
        { cause: error },
      );
    }
  }
}

function sumOf(key: Uint8Array, value: Uint8Array): number {
  // The key last: of an empty Buffer, crc32 forgets what came before.
  return crc32(key, crc32(value));
}

function open(folder: string, path: string): DatabaseSyncInstance {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // Made before SQLite sees it: its companion files copy this mode. Only if it is not there, as closing a file that is
  // there would free the locks that this process has on it.
  if (!existsSync(path)) closeSync(openSync(path, "a", 0o600));
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    // The lock is the process's for as long as it lives: nothing is left behind when it is killed.
    database.exec("PRAGMA locking_mode = EXCLUSIVE");
    database.exec("PRAGMA synchronous = FULL");
    database.exec("BEGIN EXCLUSIVE");
    migrate(database, path);
    database.exec("COMMIT");
    return database;
  } catch (error) {
    if (database.isTransaction) database.exec("ROLLBACK");
    database.close();
    throw error;
  }
}

function migrate(database: DatabaseSyncInstance, path: string): void {
  const [check] = database.prepare("PRAGMA quick_check(1)").all() as { quick_check?: string }[];
  if (check?.quick_check !== "ok") throw corrupt(check?.quick_check ?? "it cannot be checked");
  const [row] = database.prepare("PRAGMA user_version").all() as { user_version: number }[];
  const version = row?.user_version ?? 0;
  if (version > VERSIONS.length)
    throw new DataFileError(
      "DATA_VERSION",
      `The data file ${path} was written by a newer version of the local deployment (file version ${version}, this one knows ${VERSIONS.length}). Update the package.`,
    );
  const tables = database.prepare("SELECT count(*) AS count FROM sqlite_master").all();
  const isEmpty = (tables as { count: number }[])[0]?.count === 0;
  if (isEmpty !== (version === 0)) throw corrupt("its version and its tables do not fit");
  for (const step of VERSIONS.slice(version)) database.exec(step);
  if (version < VERSIONS.length) database.exec(`PRAGMA user_version = ${VERSIONS.length}`);
}

function corrupt(why: string): Error {
  return Object.assign(new Error(why), { errcode: CORRUPT });
}

// https://www.sqlite.org/rescode.html
const BUSY = 5;
const CORRUPT = 11;
const NOTADB = 26;

/** SQLite's primary result code, if it was SQLite that failed. */
function resultCodeOf(error: unknown): number | null {
  if (!(error instanceof Error && "errcode" in error)) return null;
  return Number(error.errcode) & 0xff;
}

/** Whether the content of the file is to blame. */
function isDamage(error: unknown): boolean {
  // A whole number that JavaScript cannot hold: nothing here has written it.
  if (error instanceof Error && "code" in error && error.code === "ERR_OUT_OF_RANGE") return true;
  return [CORRUPT, NOTADB].includes(resultCodeOf(error) ?? 0);
}
