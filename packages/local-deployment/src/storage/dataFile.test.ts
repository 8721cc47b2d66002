import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { DatabaseSync } from "@photostructure/sqlite";
import { afterEach, beforeEach, expect, it } from "vitest";

import { DocumentStore, type Document } from "../documents/documentStore.ts";
import { DATA_FILE, DataFile, type StoredRecord } from "./dataFile.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "convex-data-"));
  path = join(folder, DATA_FILE);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function keep(records: StoredRecord[]): void {
  const file = new DataFile(folder);
  file.write(records);
  file.close();
}

function read(): [string, string][] {
  const file = new DataFile(folder);
  try {
    return file.read();
  } finally {
    file.close();
  }
}

it("keeps what was written, and forgets what was removed", () => {
  keep([
    ["b", "2"],
    ["a", "1"],
    ["c", ""],
    ["ü", "😀 \u0000"],
  ]);
  keep([
    ["a", null],
    ["b", "3"],
  ]);
  expect(read()).toEqual([
    ["b", "3"],
    ["c", ""],
    ["ü", "😀 \u0000"],
  ]);
});

it("writes what was deferred together with the next records", () => {
  const file = new DataFile(folder);
  file.defer([["later", "1"]]);
  file.write([["now", "2"]]);
  file.close();
  expect(read()).toHaveLength(2);
});

it("is left in one file by a close", () => {
  keep([["a", "1"]]);
  expect(readdirSync(folder)).toEqual([DATA_FILE]);
});

it("is readable for this user only, its companion too", () => {
  const file = new DataFile(folder);
  file.write([["a", "1"]]);
  expect(readdirSync(folder)).toHaveLength(2);
  for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).mode & 0o077).toBe(0);
  file.close();
});

it("is refused to a second one, in this process or another, and free when the first is closed", () => {
  const first = new DataFile(folder);
  expect(() => new DataFile(folder)).toThrow(expect.objectContaining({ code: "DATA_IN_USE" }));
  expect(openElsewhere()).toBe("database is locked");
  first.write([["a", "1"]]);
  expect(openElsewhere()).toBe("database is locked");
  first.close();
  expect(openElsewhere()).toBe("opened");
});

function openElsewhere(): string {
  const script = `const { DatabaseSync } = require("@photostructure/sqlite"); const database = new DatabaseSync(process.argv[1], { timeout: 0 });
try { database.exec("BEGIN EXCLUSIVE"); console.log("opened"); } catch (error) { console.log(error.message); }`;
  const { stdout } = spawnSync(process.execPath, ["-e", script, path], {
    cwd: import.meta.dirname,
  });
  return stdout.toString().trim();
}

it("of a newer version is refused and left as it is", () => {
  keep([["a", "1"]]);
  change("PRAGMA user_version = 99");
  isRefused("DATA_VERSION");
});

it("of version 1 is opened", () => {
  const database = new DatabaseSync(path);
  database.exec(readFileSync(join(import.meta.dirname, "fixtures/v1.sql"), "utf8"));
  database.close();
  expect(read()).toEqual([["ready", "1"]]);
});

it.each<[string, (bytes: Buffer) => Buffer]>([
  ["has another byte in a value", (bytes) => flip(bytes, bytes.lastIndexOf("value 7"))],
  ["has another byte in a key", (bytes) => flip(bytes, bytes.lastIndexOf("key 7"))],
  ["has another byte in its schema", (bytes) => flip(bytes, bytes.indexOf("CREATE TABLE"))],
  ["has no UTF-8 in its schema", (bytes) => flip(bytes, bytes.indexOf("records (key"), 40)],
  ["is cut short", (bytes) => bytes.subarray(0, bytes.length >> 1)],
  ["is no database", () => Buffer.from("not a database ".repeat(1000))],
  ["has lost pages", (bytes) => bytes.fill(0, 8192)],
])("that %s is refused and left as it is", (_name, damage) => {
  keep(Array.from({ length: 500 }, (_, at) => [`key ${at}`, `value ${at} ${"x".repeat(100)}`]));
  writeFileSync(path, damage(readFileSync(path)));
  isRefused("DATA_DAMAGED");
});

it("with any bytes changed never ends the process, and never gives back what was not written", () => {
  const records = Array.from({ length: 100 }, (_, at): [string, string] => [
    `key ${at}`,
    `value ${at}`,
  ]);
  keep(records);
  const whole = readFileSync(path);
  let refused = 0;
  for (let round = 0; round < 100; round++) {
    const bytes = Buffer.from(whole);
    for (let place = (round * 7919) % bytes.length, count = 0; count < 8; count++)
      bytes[(place + count * count * 31) % bytes.length] = 0x80 + ((round + count) % 128);
    writeFileSync(path, bytes);
    try {
      for (const [key, value] of read()) expect(new Map(records).get(key)).toBe(value);
    } catch (error) {
      expect(error).toMatchObject({ name: "DataFileError" });
      refused += 1;
    }
  }
  expect(refused).toBeGreaterThan(30);
});

it("that has lost a document is refused", () => {
  const file = new DataFile(folder);
  const after: Document = { _id: "0001notes", _creationTime: 1 };
  const changes = [{ id: after._id, table: "notes", after }];
  new DocumentStore(file).apply([
    { ts: 1n, changes, counters: { nextDocId: 2, lastCreationTime: 1 } },
  ]);
  file.close();
  change("DELETE FROM records WHERE CAST(key AS TEXT) LIKE 'document/%'");
  const again = new DataFile(folder);
  expect(() => new DocumentStore(again, again.read())).toThrow(
    expect.objectContaining({ code: "DATA_DAMAGED" }),
  );
  again.close();
});

function change(sql: string): void {
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
}

function isRefused(code: string): void {
  const before = readFileSync(path);
  expect(read).toThrow(expect.objectContaining({ code }));
  expect(readFileSync(path)).toEqual(before);
}

function flip(bytes: Buffer, at: number, count = 1): Buffer {
  if (at < 0) throw new Error("it is not there");
  for (let place = at; place < at + count; place++) bytes[place] = bytes[place]! ^ 0x81;
  return bytes;
}
