import { closeSync, existsSync, openSync, truncateSync } from "node:fs";

import { DatabaseSync, type DatabaseSyncInstance } from "@photostructure/sqlite";

import { isBusy, isDamage } from "./fileErrors.ts";

/** How long to wait for another process that opens the same outbox, in milliseconds. */
const LOCK_TIMEOUT_MS = 10_000;

/**
 * Does something that only one process may do at a time. The lock is the exclusive lock of an empty SQLite file: the operating
 * system takes it back from a process that dies.
 *
 * @param path - The lock's file. It is made where it is missing, and stays empty.
 * @throws What SQLite throws when another process holds the lock for 10 s.
 */
export function withFileLock<T>(path: string, work: () => T): T {
  createPrivateFile(path);
  const lock = takeLock(path, LOCK_TIMEOUT_MS);
  try {
    return work();
  } finally {
    lock.close();
  }
}

/**
 * Takes the same kind of lock for as long as the process lives.
 *
 * @param path - As for {@link withFileLock}.
 * @returns What gives it back, or null where another process holds it.
 */
export function holdFileLock(path: string): (() => void) | null {
  createPrivateFile(path);
  try {
    const lock = takeLock(path, 0);
    return () => lock.close();
  } catch (error) {
    if (isBusy(error)) return null;
    throw error;
  }
}

/**
 * Makes an empty file that only this user can read, unless it is there. A file that is there is not even opened: closing it
 * would take this process's SQLite locks away.
 */
export function createPrivateFile(path: string): void {
  if (!existsSync(path)) closeSync(openSync(path, "a", 0o600));
}

function takeLock(path: string, timeout: number): DatabaseSyncInstance {
  const lock = new DatabaseSync(path, { timeout });
  try {
    // The lock must not need room on the disk for a journal.
    lock.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
    return lock;
  } catch (error) {
    lock.close();
    if (!isDamage(error)) throw error;
    truncateSync(path);
    return takeLock(path, timeout);
  }
}
