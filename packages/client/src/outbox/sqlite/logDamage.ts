import { existsSync, readFileSync } from "node:fs";

import { framesOf, LOG_HEADER_BYTES, PAGE_BYTES } from "./rawPages.ts";

/**
 * Whether a write-ahead log is damaged before its end. SQLite takes a damaged frame for the end of the log, without a word: what
 * comes after it would vanish.
 *
 * @param path - The log's file.
 */
export function isLogDamaged(path: string): boolean {
  if (!existsSync(path)) return false;
  for (;;) {
    const log = readFileSync(path);
    // Another process may begin the log anew while it is read.
    if (readFileSync(path).subarray(0, LOG_HEADER_BYTES).equals(log.subarray(0, LOG_HEADER_BYTES)))
      return hasCommitAfterDamage(log);
  }
}

function hasCommitAfterDamage(log: Buffer): boolean {
  if (log.length <= LOG_HEADER_BYTES) return false;
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
    if (!isWhole && isCommit) return true;
  }
  return false;
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
