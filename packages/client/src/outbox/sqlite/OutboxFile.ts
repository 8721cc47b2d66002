import { mkdirSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";

import type { DatabaseSyncInstance } from "@photostructure/sqlite";

import { OutboxUnwritableError } from "../../errors.ts";
import { carryOver } from "./carryOver.ts";
import { isBusy, isDamage, isMoved, mayLackRoom, MovedError, toOutboxError } from "./fileErrors.ts";
import { LastNumber } from "./LastNumber.ts";
import {
  BUSY_TIMEOUT_MS,
  closeOutboxFile,
  damagedPathOf,
  type OpenFile,
  openOutboxFile,
  type OutboxNotice,
} from "./openFile.ts";
import { regularFile } from "./regularFile.ts";
import { Reserve } from "./Reserve.ts";
import type { EntryRow } from "./rows.ts";
import type { Statements } from "./statements.ts";

/** How long to wait for a lock whose holder did not move for {@link BUSY_TIMEOUT_MS} before: it may be stopped. */
const STOPPED_TIMEOUT_MS = 10;

/**
 * The outbox file that is open: its transactions, and what becomes of them when the file is damaged, moved, held by a process
 * that is stopped, or on a full disk.
 */
export class OutboxFile {
  readonly #path: string;
  readonly #onNotice: (notice: OutboxNotice) => void;
  readonly #lastNumber: LastNumber;
  readonly #reserve: Reserve;
  #open: OpenFile;
  #synchronous: "FULL" | "NORMAL" = "FULL";
  #isHeld = false;

  /** @throws OutboxUnwritableError, OutboxVersionError, OutboxCorruptError */
  constructor(path: string, onNotice: (notice: OutboxNotice) => void) {
    this.#onNotice = onNotice;
    try {
      this.#path = regularFile(path);
      makeFolderOf(this.#path);
      this.#lastNumber = new LastNumber(`${this.#path}-last`);
      this.#reserve = new Reserve(`${this.#path}-reserve`, dirname(this.#path));
      this.#open = this.#withRoom(() => this.#openFile([]));
    } catch (error) {
      throw toOutboxError(error, path);
    }
  }

  get sourceId(): string {
    return this.#open.sourceId;
  }

  /** Whether there is room on the disk for more than delivery needs. */
  get hasRoom(): boolean {
    return this.#reserve.isThere;
  }

  /** Reads, as of one moment. */
  read<T>(work: (statements: Statements) => T): T {
    return this.#repeatedly(() => work(this.#open.statements));
  }

  /**
   * A transaction that also survives a power cut, as callers are told that it is safe. It needs room beyond the reserve.
   *
   * @param work - May be called twice.
   * @param find - What it did, where that was carried over to another file; null where it was not.
   */
  accept<T>(work: (statements: Statements) => T, find: (done: T) => T | null): T {
    let done: T | undefined;
    return this.#repeatedly(() => {
      const found = done === undefined ? null : find(done);
      if (found !== null) return found;
      if (!this.#reserve.ensure()) throw noRoomError(this.#path);
      done = this.#transaction(work, "FULL");
      // Another process has set the file aside, or someone has deleted it, since the transaction began.
      if (!this.#isInPlace()) throw new MovedError();
      this.#lastNumber.write({ sourceId: this.sourceId, sequence: this.#newest() });
      return done;
    });
  }

  /** A transaction of delivery. If a power cut undoes it, entries are sent again. It may use up the reserve. */
  deliver<T>(work: (statements: Statements) => T): T {
    return this.#repeatedly(() => {
      const result = this.#withRoom(() => this.#transaction(work, "NORMAL"));
      if (!this.#reserve.isThere) this.#makeRoom();
      return result;
    });
  }

  close(): void {
    const { database } = this.#open;
    if (!database.isOpen) return;
    try {
      // Leaves most in one file, without waiting for other processes.
      database.exec("PRAGMA wal_checkpoint(PASSIVE)");
    } catch {
      // A full disk, for example: it stays in the companion file, as safe as before.
    }
    closeOutboxFile(this.#path, this.#open);
    this.#lastNumber.close();
  }

  /** Gives the disk back the room of entries that are delivered, step by step, until there is a reserve again. */
  #makeRoom(): void {
    try {
      if (this.#reserve.ensure()) return;
    } catch {
      // What was delivered is written down. Accepting, which needs the reserve, says why it cannot be made.
      return;
    }
    try {
      this.#open.database.exec("PRAGMA incremental_vacuum(32); PRAGMA wal_checkpoint(PASSIVE)");
    } catch (error) {
      // The next delivery tries again.
      if (!mayLackRoom(error) && !isBusy(error)) throw error;
    }
  }

  #newest(): number {
    const [row] = this.#open.statements.newest.all() as { seq: number }[];
    return row?.seq ?? 0;
  }

  /** Opens the file at the path, and carries over to it what another one held. */
  #openFile(rows: readonly EntryRow[]): OpenFile {
    const file = openOutboxFile(this.#path, {
      lastNumber: this.#lastNumber,
      logPages: this.#reserve.logPages,
      onNotice: this.#onNotice,
    });
    try {
      if (rows.length > 0) carryOver(file.database, { rows, acknowledged: new Map() }, 0);
      return file;
    } catch (error) {
      closeOutboxFile(this.#path, file);
      throw error;
    }
  }

  #isInPlace(): boolean {
    return statSync(this.#path, { throwIfNoEntry: false })?.ino === this.#open.inode;
  }

  /** Does it; and once more, with another file, where this one was damaged or moved. */
  #repeatedly<T>(work: () => T): T {
    try {
      if (!this.#isInPlace()) this.#reopen();
      try {
        return work();
      } catch (error) {
        if (!isDamage(error) && !isMoved(error) && this.#isInPlace()) throw error;
        this.#reopen();
        return work();
      }
    } catch (error) {
      throw toOutboxError(error, this.#path);
    }
  }

  /**
   * Opens the file at the path. What the open one holds is carried over to it if that was deleted meanwhile: it can still be read,
   * but by nobody else, so it stays open until this has succeeded.
   */
  #reopen(): void {
    makeFolderOf(this.#path);
    const old = this.#open;
    const isLost = !this.#isInPlace() && !isSetAside(this.#path, old.inode);
    const rows = isLost ? readAll(old.database) : [];
    this.#open = this.#withRoom(() => this.#openFile(rows));
    this.#synchronous = "FULL";
    // It may be gone with the outbox file.
    this.#lastNumber.close();
    closeOutboxFile(this.#path, old);
    if (!isLost) return;
    this.#onNotice({
      event: "outbox.lost",
      message: `the outbox file ${this.#path} was moved or deleted while it was in use; ${rows.length} entries go on in the one that is there now`,
      path: this.#path,
      count: 0,
    });
  }

  /** Does it; and once more, with the room of the reserve, where the disk is full. */
  #withRoom<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (!mayLackRoom(error) || !this.#reserve.giveUp()) throw error;
      return work();
    }
  }

  #transaction<T>(work: (statements: Statements) => T, synchronous: "FULL" | "NORMAL"): T {
    const { database, statements } = this.#open;
    this.#setSynchronous(synchronous);
    this.#begin(database);
    try {
      const result = work(statements);
      database.exec("COMMIT");
      return result;
    } catch (error) {
      if (database.isTransaction) database.exec("ROLLBACK");
      throw error;
    }
  }

  /** Begins a transaction. It waits for another process's, but for one that does not move only once. */
  #begin(database: DatabaseSyncInstance): void {
    try {
      database.exec("BEGIN IMMEDIATE");
      this.#setHeld(false);
    } catch (error) {
      if (isBusy(error)) this.#setHeld(true);
      throw error;
    }
  }

  #setHeld(isHeld: boolean): void {
    if (this.#isHeld === isHeld) return;
    this.#isHeld = isHeld;
    const timeoutMs = isHeld ? STOPPED_TIMEOUT_MS : BUSY_TIMEOUT_MS;
    this.#open.database.exec(`PRAGMA busy_timeout = ${timeoutMs}`);
  }

  #setSynchronous(mode: "FULL" | "NORMAL"): void {
    if (this.#synchronous === mode) return;
    this.#open.database.exec(`PRAGMA synchronous = ${mode}`);
    this.#synchronous = mode;
  }
}

function makeFolderOf(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
}

/** Whether it was found damaged: what it held has been carried over, or whoever opens the outbox next does it. */
function isSetAside(path: string, inode: number): boolean {
  const folder = dirname(path);
  const names = readdirSync(folder).filter((name) => name.startsWith(`${basename(path)}.corrupt-`));
  return [damagedPathOf(path), ...names.map((name) => join(folder, name))].some(
    (each) => statSync(each, { throwIfNoEntry: false })?.ino === inode,
  );
}

function noRoomError(path: string): OutboxUnwritableError {
  return new OutboxUnwritableError(
    `the disk of the outbox file ${path} is full: what is left is kept for delivery; make room`,
  );
}

function readAll(database: DatabaseSyncInstance): EntryRow[] {
  try {
    return database.prepare("SELECT * FROM entries ORDER BY seq").all() as EntryRow[];
  } catch (error) {
    if (isDamage(error)) return [];
    throw error;
  }
}
