import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";

import { SqliteStore } from "@klipstream/client/internals";

import { bundleWorker } from "./bundleWorker.ts";
import type { Finding } from "./finding.ts";
import type { Opened } from "./openDamagedFiles.ts";
import { Random } from "./random.ts";

export const DEPLOYMENT = "https://damaged.example";
export const NOW = 1_700_000_000_000;

const SUFFIXES = ["", "-wal", "-shm"] as const;
type Suffix = (typeof SUFFIXES)[number];
type Files = Record<Suffix, Buffer>;

/** A whole outbox, and the ids of the updates in it. */
type Sample = { files: Files; last: Buffer; updateIds: string[] };

/** Files for one child. */
const BATCH_COUNT = 250;
/** Opening takes some 10 ms; a child that says nothing for this long hangs. */
const HANG_MS = 30_000;

export type DamageResult = {
  files: number;
  aborts: string[];
  hangs: string[];
  /** Errors, with the file. */
  errors: string[];
  /** Updates whose bytes were whole and that are not in the opened outbox. */
  lost: string[];
  /** Files of which updates are missing, whole or not, without a word. */
  silent: string[];
  noticed: number;
};

/** Damages outbox files at random and opens them in other processes. */
export async function openDamagedFiles(options: {
  files: number;
  seed: number;
  /** The number of the first: to see one again. */
  first?: number;
}): Promise<DamageResult> {
  const { files, seed, first = 0 } = options;
  const folder = mkdtempSync(join(tmpdir(), "klipstream-damaged-"));
  const script = await bundleWorker("openDamagedFiles.ts");
  const result: DamageResult = {
    files,
    aborts: [],
    hangs: [],
    errors: [],
    lost: [],
    silent: [],
    noticed: 0,
  };
  try {
    const samples = [makeSample(folder, true), makeSample(folder, false)];
    for (let from = first; from < first + files; from += BATCH_COUNT) {
      const count = Math.min(BATCH_COUNT, first + files - from);
      const numbers = Array.from({ length: count }, (_value, index) => from + index);
      const batch = numbers.map((number) => damageOne({ folder, samples, seed, number }));
      await openAll(script, batch, result);
      for (const { path } of batch) rmSync(join(path, ".."), { recursive: true, force: true });
    }
    return result;
  } finally {
    for (const place of [folder, dirname(script)]) rmSync(place, { recursive: true, force: true });
  }
}

/** What `pnpm chaos` says of it. */
export function findingOf(result: DamageResult): Finding {
  const { files, aborts, hangs, errors, lost, silent } = result;
  const bad = [aborts, hangs, errors, lost, silent].map(({ length }) => length);
  return {
    promise: "a damaged file ends nothing",
    how: `${files} outboxes with bytes flipped, cut off or swapped in the file, its log or its index`,
    figure: `${bad[0]} aborts, ${bad[1]} hangs, ${bad[2]} errors, ${bad[3]} readable updates lost, ${bad[4]} losses in silence`,
    kept: bad.every((count) => count === 0),
  };
}

/** An outbox of 40 videos with pending entries, dead letters and gaps where entries were delivered. */
function makeSample(folder: string, isCheckpointed: boolean): Sample {
  const path = join(folder, `sample-${String(isCheckpointed)}.db`);
  const store = new SqliteStore(path);
  const gone = new Set<string>();
  for (let round = 0; round < 4; round++) {
    for (let video = 1; video <= 40; video++) store.append(entryOf(round, video));
    const claim = store.claim({
      deployment: DEPLOYMENT,
      owner: "me",
      now: NOW,
      at: NOW,
      limit: 20,
    });
    const entries = claim?.entries ?? [];
    for (const { content } of entries.slice(0, 15))
      if (content.kind === "update") gone.add(content.update.updateId);
    if (claim !== null)
      store.settle(
        claim.lease,
        entries.map(({ seq }, index) =>
          index < 15
            ? { seq, to: "acknowledged" }
            : {
                seq,
                to: "deadLettered",
                at: NOW,
                refusal: { code: "VIDEO_NOT_FOUND", message: "no" },
              },
        ),
      );
  }
  if (isCheckpointed) store.close();
  // Closed, it has moved its log into the file.
  const suffixes: readonly Suffix[] = isCheckpointed ? [""] : SUFFIXES;
  const files = Object.fromEntries(
    SUFFIXES.map((suffix) => [
      suffix,
      suffixes.includes(suffix) ? readFileSync(path + suffix) : Buffer.alloc(0),
    ]),
  ) as Files;
  const last = readFileSync(`${path}-last`);
  if (!isCheckpointed) store.close();
  const all = Array.from({ length: 160 }, (_value, index) => `update-${index}-`);
  return { files, last, updateIds: all.filter((id) => !gone.has(id)) };
}

function entryOf(round: number, video: number) {
  const updateId = `update-${round * 40 + video - 1}-`;
  const twitchId = String(1000 + video);
  // Every tenth needs pages of its own.
  const reason = video % 10 === 0 ? "long ".repeat(200) : "short";
  return {
    deployment: DEPLOYMENT,
    twitchId,
    acceptedAt: NOW,
    acceptedUptime: null,
    content: {
      kind: "update" as const,
      update: { twitchId, updateId, status: "Queued" as const, reason, ageMs: 0 },
      createMissing: false,
    },
  };
}

type Damaged = {
  path: string;
  what: string;
  mustSurvive: string[];
  mayBeMissing: boolean;
  all: string[];
};

function damageOne(options: {
  folder: string;
  samples: Sample[];
  seed: number;
  number: number;
}): Damaged {
  const { folder, samples, seed, number } = options;
  const random = new Random(seed * 1_000_003 + number);
  const sample = random.pick(samples);
  const files = Object.fromEntries(
    SUFFIXES.map((suffix) => [suffix, Buffer.from(sample.files[suffix])]),
  ) as Files;
  const present = SUFFIXES.filter((suffix) => files[suffix].length > 0);
  const targets = random.chance(0.2) ? present : [random.pick(present)];
  for (const suffix of targets) files[suffix] = damage(files[suffix], random);
  const place = join(folder, String(number));
  mkdirSync(place);
  const path = join(place, "outbox.db");
  for (const suffix of present) writeFileSync(path + suffix, files[suffix]);
  writeFileSync(`${path}-last`, sample.last);
  // The reserve's content does not matter, and to write it would take most of the time.
  for (const bytes of [4 * 1024 * 1024]) makeSparse(`${path}-reserve`, bytes);
  const mustSurvive = sample.updateIds.filter((id) => isWhole(id, sample.files, files));
  const what = `${targets.join()} of ${present.join()}`;
  return {
    path,
    what,
    mustSurvive,
    mayBeMissing: mustSurvive.length < sample.updateIds.length,
    all: sample.updateIds,
  };
}

function makeSparse(path: string, bytes: number): void {
  writeFileSync(path, "");
  truncateSync(path, bytes);
}

function damage(bytes: Buffer, random: Random): Buffer {
  const kind = random.between(0, 4 - 1);
  if (kind === 0) return bytes.subarray(0, random.between(0, bytes.length - 1));
  const result = Buffer.from(bytes);
  if (kind === 1) {
    const flips = 1 + random.between(0, random.chance(0.5) ? 3 : 399);
    for (let flip = 0; flip < flips; flip++) {
      const at = random.between(0, result.length - 1);
      result[at] = (result[at] ?? 0) ^ (1 + random.between(0, 255 - 1));
    }
    return result;
  }
  const length = 1 + random.between(0, Math.min(8192, Math.floor(result.length / 2)) - 1);
  const one = random.between(0, result.length - length - 1);
  const other = random.between(0, result.length - length - 1);
  if (kind === 2) {
    bytes.copy(result, one, other, other + length);
    bytes.copy(result, other, one, one + length);
  } else {
    for (let at = one; at < one + length; at++) result[at] = random.between(0, 256 - 1);
  }
  return result;
}

const PAGE_BYTES = 4096;
const FRAME_BYTES = PAGE_BYTES + 24;

/** Whether some copy of an update's row, and of the head of the page that it is in, is as it was. */
function isWhole(updateId: string, before: Files, after: Files): boolean {
  const inMain = placesOf(updateId, before[""]).some((at) => {
    const page = at - (at % PAGE_BYTES);
    return (
      isInRow(before[""], page, at) &&
      isSame(before[""], after[""], [page, page + 700]) &&
      isRowSame(before[""], after[""], at)
    );
  });
  if (inMain) return true;
  const log = before["-wal"];
  if (!isSame(log, after["-wal"], [0, 32])) return false;
  return placesOf(updateId, log).some((at) => {
    const frame = at - ((at - 32) % FRAME_BYTES);
    // What an earlier use of the log has left is no part of the file.
    const isOfNow = log.subarray(frame + 8, frame + 16).equals(log.subarray(16, 24));
    return (
      isOfNow &&
      isInRow(log, frame + 24, at) &&
      isSame(log, after["-wal"], [frame, frame + 24 + 700]) &&
      after["-wal"].length >= frame + FRAME_BYTES &&
      isRowSame(log, after["-wal"], at)
    );
  });
}

/** Whether a row of its page begins just before a place; what a page still holds of rows that have moved on does not count. */
function isInRow(bytes: Buffer, page: number, at: number): boolean {
  const rows = Array.from({ length: bytes.readUInt16BE(page + 3) }, (_value, row) =>
    bytes.readUInt16BE(page + 8 + 2 * row),
  );
  return rows.some((start) => page + start < at && page + start > at - 160);
}

function isRowSame(before: Buffer, after: Buffer, at: number): boolean {
  return isSame(before, after, [at - 160, at + 1400]);
}

function isSame(before: Buffer, after: Buffer, [from, to]: [number, number]): boolean {
  const end = Math.min(to, before.length);
  return after.length >= end && before.subarray(from, end).equals(after.subarray(from, end));
}

function placesOf(updateId: string, bytes: Buffer): number[] {
  const places: number[] = [];
  for (let at = bytes.indexOf(updateId); at !== -1; at = bytes.indexOf(updateId, at + 1))
    places.push(at);
  return places;
}

async function openAll(
  script: string,
  batch: readonly Damaged[],
  result: DamageResult,
): Promise<void> {
  let left = [...batch];
  while (left.length > 0) {
    const opened = await openInChild(script, left, result);
    left = left.slice(opened);
  }
}

/** @returns How many of them are dealt with: all, or those up to the one that ended the child. */
async function openInChild(
  script: string,
  batch: readonly Damaged[],
  result: DamageResult,
): Promise<number> {
  const child = spawn(process.execPath, [script], { stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.on("error", () => undefined);
  child.stdin.end(batch.map(({ path }) => `${path}\n`).join(""));
  let count = 0;
  const state = { isHanging: false };
  const watch = () =>
    setTimeout(() => {
      state.isHanging = true;
      child.kill("SIGKILL");
    }, HANG_MS);
  let timer = watch();
  for await (const line of createInterface({ input: child.stdout })) {
    clearTimeout(timer);
    timer = watch();
    const damaged = batch[count];
    if (damaged !== undefined) judge(damaged, JSON.parse(line) as Opened, result);
    count += 1;
  }
  clearTimeout(timer);
  const ended = batch[count];
  if (ended === undefined) return count;
  (state.isHanging ? result.hangs : result.aborts).push(ended.path);
  return count + 1;
}

function judge(damaged: Damaged, opened: Opened, result: DamageResult): void {
  const { path, mustSurvive, all } = damaged;
  if (opened.error !== undefined) result.errors.push(`${path}: ${opened.error}`);
  if (opened.notices.length > 0) result.noticed += 1;
  const found = new Set(opened.updateIds);
  const missing = mustSurvive.filter((id) => !found.has(id));
  if (missing.length > 0)
    result.lost.push(`${path}: ${missing.join(" ")} ${opened.notices.join()} ${damaged.what}`);
  if (opened.notices.length === 0 && all.filter((id) => !found.has(id)).length > opened.unreadable)
    result.silent.push(`${path} ${damaged.what} ${all.filter((id) => !found.has(id)).join(" ")}`);
}
