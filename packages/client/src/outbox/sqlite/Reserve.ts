import { randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
  ftruncateSync,
  openSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from "node:fs";

import { mayLackRoom } from "./fileErrors.ts";

const MIB = 1024 * 1024;
const PAGE_BYTES = 4096;

/**
 * Room on the disk that is kept for delivery: a file that is given up when the disk is full, so that what was delivered can be
 * deleted. Nothing is accepted without it.
 *
 * It must hold what the write-ahead log and the pages that are still in it may need, so the log is moved into the file once it
 * is a quarter as long.
 */
export class Reserve {
  readonly #path: string;
  readonly #folder: string;
  readonly bytes: number;

  /**
   * @param path - The reserve's file.
   * @param folder - The folder that it is in.
   */
  constructor(path: string, folder: string) {
    this.#path = path;
    this.#folder = folder;
    const { blocks, bsize } = statfsSync(folder);
    this.bytes = reserveFor(blocks * bsize);
  }

  /** After how many pages the write-ahead log is to be moved into the file. */
  get logPages(): number {
    return this.bytes / PAGE_BYTES / 4;
  }

  /**
   * Makes the reserve where it is missing and the disk has room for it and half as much.
   *
   * @returns Whether it is there.
   * @throws What the file system throws when it is not for want of room.
   */
  ensure(): boolean {
    if (this.isThere) return true;
    const { bavail, bsize } = statfsSync(this.#folder);
    if (bavail * bsize < this.bytes * 1.5) return false;
    try {
      this.#write();
    } catch (error) {
      if (!mayLackRoom(error)) throw error;
      // Full, or over a quota, all the same.
      this.giveUp();
    }
    return this.isThere;
  }

  /** Never makes it shorter meanwhile: another process that makes it at the same time would look in vain. */
  #write(): void {
    const file = openSync(this.#path, constants.O_WRONLY | constants.O_CREAT, 0o600);
    try {
      // Zeros would take no room on a file system that compresses.
      writeFileSync(file, randomBytes(this.bytes));
      ftruncateSync(file, this.bytes);
    } finally {
      closeSync(file);
    }
  }

  get isThere(): boolean {
    return statSync(this.#path, { throwIfNoEntry: false })?.size === this.bytes;
  }

  /** @returns Whether there was something to give up. */
  giveUp(): boolean {
    if (statSync(this.#path, { throwIfNoEntry: false }) === undefined) return false;
    rmSync(this.#path, { force: true });
    return true;
  }
}

/** A large disk can spare more; a tiny one must have room beside it for entries. */
function reserveFor(diskBytes: number): number {
  if (diskBytes >= 64 * MIB) return 4 * MIB;
  return diskBytes >= 2 * MIB ? MIB / 2 : MIB / 4;
}
