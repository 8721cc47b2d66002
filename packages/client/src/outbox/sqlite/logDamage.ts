import { closeSync, existsSync, openSync, readFileSync, readSync } from "node:fs";
import { endianness } from "node:os";

import { framesOf, LOG_HEADER_BYTES, PAGE_BYTES } from "./rawPages.ts";

/** How often both are read while they do not fit together: another process may be writing. */
const READS_MAX_COUNT = 10;

/**
 * Whether a write-ahead log is damaged before its end. SQLite takes a damaged frame for the end of the log, without a word: what
 * comes after it would vanish.
 *
 * The log's index tells where that end is. What stands behind it is no part of the log: a process that was killed has left it, or
 * another is writing it now. Without an index that can be read, all is taken for part of the log.
 *
 * @param path - The outbox file.
 */
export function isLogDamaged(path: string): boolean {
  if (!existsSync(`${path}-wal`)) return false;
  for (let read = 1; ; read++) {
    // The index first: all that it counts is in the log when that is read.
    const index = readIndex(`${path}-shm`);
    const log = readFileSync(`${path}-wal`);
    const header = readStart(`${path}-wal`, LOG_HEADER_BYTES);
    const isSteady = header.equals(log.subarray(0, LOG_HEADER_BYTES));
    const isOfLog = index?.salts.equals(header.subarray(16, 24)) === true;
    const mayFit = !isOfLog && existsSync(`${path}-shm`) && read < READS_MAX_COUNT;
    if (!isSteady || mayFit) continue;
    const { wholeFrames, hasCommitBehind } = readFrames(log);
    return isOfLog ? wholeFrames < index.frames : hasCommitBehind;
  }
}

function readStart(path: string, bytes: number): Buffer {
  const file = openSync(path, "r");
  try {
    const start = Buffer.alloc(bytes);
    return start.subarray(0, readSync(file, start, 0, bytes, 0));
  } finally {
    closeSync(file);
  }
}

type Index = { frames: number; salts: Buffer };

const INDEX_HEADER_BYTES = 48;

/** https://www.sqlite.org/walformat.html#the_wal_index_header; null where it is missing, damaged, or being written. */
function readIndex(path: string): Index | null {
  if (!existsSync(path)) return null;
  const bytes = readFileSync(path);
  const one = bytes.subarray(0, INDEX_HEADER_BYTES);
  const other = bytes.subarray(INDEX_HEADER_BYTES, 2 * INDEX_HEADER_BYTES);
  if (one.length < INDEX_HEADER_BYTES || !one.equals(other)) return null;
  // In the order of bytes of this machine, as its checksum.
  const isBigEndian = endianness() === "BE";
  const numberAt = (at: number) => (isBigEndian ? one.readUInt32BE(at) : one.readUInt32LE(at));
  const sums = addUp(one.subarray(0, 40), [0, 0], isBigEndian);
  if (sums[0] !== numberAt(40) || sums[1] !== numberAt(44)) return null;
  return { frames: numberAt(16), salts: one.subarray(32, 40) };
}

/** How many frames there are before the first that is damaged, and whether a transaction ends behind that. */
function readFrames(log: Buffer): { wholeFrames: number; hasCommitBehind: boolean } {
  let wholeFrames = 0;
  if (log.length <= LOG_HEADER_BYTES) return { wholeFrames, hasCommitBehind: false };
  const isBigEndian = (log.readUInt32BE(0) & 1) === 1;
  let sums = addUp(log.subarray(0, 24), [0, 0], isBigEndian);
  let isWhole = sums[0] === log.readUInt32BE(24) && sums[1] === log.readUInt32BE(28);
  let end = LOG_HEADER_BYTES;
  for (const { at, isCommit, isOfNow } of framesOf(log)) {
    if (!isOfNow) continue;
    if (isWhole && at === end) {
      sums = addUp(log.subarray(at, at + 8), sums, isBigEndian);
      sums = addUp(log.subarray(at + 24, at + 24 + PAGE_BYTES), sums, isBigEndian);
      isWhole = sums[0] === log.readUInt32BE(at + 16) && sums[1] === log.readUInt32BE(at + 20);
      end = at + 24 + PAGE_BYTES;
    } else isWhole = false;
    if (isWhole) wholeFrames += 1;
    else if (isCommit) return { wholeFrames, hasCommitBehind: true };
  }
  return { wholeFrames, hasCommitBehind: false };
}

/** https://www.sqlite.org/fileformat2.html#checksum_algorithm */
function addUp(bytes: Buffer, [first, second]: [number, number], isBigEndian: boolean) {
  let [one, two] = [first, second];
  for (let at = 0; at + 8 <= bytes.length; at += 8) {
    one = (one + two + (isBigEndian ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at))) >>> 0;
    two =
      (two + one + (isBigEndian ? bytes.readUInt32BE(at + 4) : bytes.readUInt32LE(at + 4))) >>> 0;
  }
  return [one, two] as [number, number];
}
