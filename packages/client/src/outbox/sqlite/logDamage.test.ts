import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { DatabaseSync, type DatabaseSyncInstance } from "@photostructure/sqlite";
import { afterEach, beforeEach, expect, it } from "vitest";

import { isLogDamaged } from "./logDamage.ts";

const FRAME_BYTES = 24 + 4096;

let folder: string;
let path: string;
let database: DatabaseSyncInstance;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "klipstream-log-"));
  path = join(folder, "outbox.db");
  database = new DatabaseSync(path);
  database.exec("PRAGMA journal_mode = WAL; CREATE TABLE entries (content)");
  for (let entry = 0; entry < 5; entry++) database.exec(`INSERT INTO entries VALUES (${entry})`);
});
afterEach(() => {
  database.close();
  rmSync(folder, { recursive: true, force: true });
});

function changeLog(change: (log: Buffer) => Buffer): string {
  const copy = join(folder, "copy.db");
  for (const suffix of ["", "-shm"]) copyFileSync(path + suffix, copy + suffix);
  writeFileSync(`${copy}-wal`, change(readFileSync(`${path}-wal`)));
  return copy;
}

function damageFrame(log: Buffer, frame: number): Buffer {
  const at = 32 + frame * FRAME_BYTES + 24 + 4000;
  log[at] = log[at]! ^ 1;
  return log;
}

it("a log in use is whole", () => {
  expect(isLogDamaged(path)).toBe(false);
});

it("a frame that the index counts must be whole", () => {
  expect(isLogDamaged(changeLog((log) => damageFrame(log, 1)))).toBe(true);
  expect(isLogDamaged(changeLog((log) => log.subarray(0, -FRAME_BYTES)))).toBe(true);
});

it("what a killed process has left behind the end that the index tells is no damage", () => {
  // It had written frames of two transactions, and died before the index knew; another has written over the first since.
  const copy = changeLog((log) => Buffer.concat([log, log.subarray(-FRAME_BYTES)]));
  expect(isLogDamaged(copy)).toBe(false);
  rmSync(`${copy}-shm`);
  expect(isLogDamaged(copy)).toBe(true);
});

it("without an index that can be read, nothing may follow a damaged frame", () => {
  const copy = changeLog((log) => damageFrame(log, 1));
  for (const index of [Buffer.alloc(0), Buffer.alloc(32_768, 7)]) {
    writeFileSync(`${copy}-shm`, index);
    expect(isLogDamaged(copy)).toBe(true);
  }
});
