import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  truncateSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { DatabaseSync } from "@photostructure/sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { OutboxUnwritableError, OutboxVersionError } from "../../errors.ts";
import { type NewEntry, updateIdOf } from "../entry.ts";
import { OUTBOX_BOUNDS } from "../store.ts";
import { LastNumber } from "./LastNumber.ts";
import { MIGRATIONS } from "./migrations.ts";
import { closeOutboxFile, openOutboxFile, type OutboxNotice } from "./openFile.ts";
import { SqliteStore } from "./SqliteStore.ts";

const DEPLOYMENT = "https://here.example";
const NOW = 1_700_000_000_000;

let root: string;
let path: string;
let notices: OutboxNotice[];
const stores: SqliteStore[] = [];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "klipstream-reopening-"));
  path = join(root, "folder", "outbox.db");
  notices = [];
});
afterEach(() => {
  for (const store of stores.splice(0)) store.close();
  rmSync(root, { recursive: true, force: true });
});

function open(): SqliteStore {
  const store = new SqliteStore(path, OUTBOX_BOUNDS, (notice) => notices.push(notice));
  stores.push(store);
  return store;
}

/** A store that has accepted entries 1, 2 and 3. */
function openFilled(): SqliteStore {
  const store = open();
  for (const updateId of ["1", "2", "3"]) store.append(entry(updateId));
  return store;
}

function entry(updateId: string): NewEntry {
  const update = { twitchId: "1", updateId, ageMs: 0, status: "Queued" as const };
  return {
    deployment: DEPLOYMENT,
    twitchId: "1",
    acceptedAt: NOW,
    acceptedUptime: null,
    content: { kind: "update", update, createMissing: false },
  };
}

const idsIn = (store: SqliteStore) =>
  store.pending(DEPLOYMENT, -1).map(({ content }) => updateIdOf(content));

function deleteFiles(): void {
  for (const suffix of ["", "-wal", "-shm"]) rmSync(path + suffix);
}

/** Changes the file behind the store's back. */
function change(sql: string): void {
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
}

describe("an outbox file that was deleted while it was in use", () => {
  it("loses nothing while no other can be opened in its place", () => {
    const store = openFilled();
    deleteFiles();
    mkdirSync(path);
    for (const attempt of ["first", "second"])
      expect(() => store.append(entry(attempt))).toThrow(/unable to open database file/);
    rmdirSync(path);
    store.append(entry("4"));
    expect(idsIn(store)).toEqual(["1", "2", "3", "4"]);
  });

  it("loses nothing while the other that is there now takes nothing over", () => {
    const store = openFilled();
    deleteFiles();
    const other = open();
    change("CREATE TRIGGER no BEFORE INSERT ON entries BEGIN SELECT RAISE(ABORT, 'not now'); END");
    for (const attempt of ["first", "second"])
      expect(() => store.append(entry(attempt))).toThrow(/not now/);
    change("DROP TRIGGER no");
    store.append(entry("4"));
    for (const each of [store, other]) expect(idsIn(each)).toEqual(["1", "2", "3", "4"]);
  });

  it("with its whole folder goes on in a new one that only this user can read", () => {
    const store = openFilled();
    rmSync(join(root, "folder"), { recursive: true });
    const { source } = store.append(entry("4"));
    expect(idsIn(store)).toEqual(["1", "2", "3", "4"]);
    expect(statSync(join(root, "folder")).mode & 0o777).toBe(0o700);
    expect(new LastNumber(`${path}-last`).read()).toEqual({
      sourceId: source.id,
      sequence: source.sequence,
    });
  });
});

it("a damaged outbox file that could be moved and not be replaced is replaced by a later call", () => {
  const store = openFilled();
  truncateSync(path);
  // A new file cannot be written without a journal of this name.
  mkdirSync(`${path}-journal`);
  expect(open).toThrow(OutboxUnwritableError);
  expect(existsSync(`${path}.damaged`)).toBe(true);
  for (const attempt of ["first", "second"])
    expect(() => store.append(entry(attempt))).toThrow(/unable to open database file/);
  rmdirSync(`${path}-journal`);
  store.append(entry("4"));
  expect(idsIn(store)).toEqual(["1", "2", "3", "4"]);
  expect(notices.map(({ event }) => event)).toEqual(["outbox.corrupt"]);
});

it("an outbox file that a newer client has migrated is refused by each call as such", () => {
  const store = openFilled();
  change(`ALTER TABLE lanes RENAME TO tracks; PRAGMA user_version = ${MIGRATIONS.length + 1}`);
  for (const attempt of ["first", "second", "third"])
    expect(() => store.append(entry(attempt))).toThrow(OutboxVersionError);
});

it.runIf(process.platform === "linux")(
  "an outbox file that is closed twice leaves another that this process has open SQLite's locks",
  () => {
    const lastNumber = new LastNumber(`${path}-last`);
    const openOnce = () =>
      openOutboxFile(path, { lastNumber, logPages: 100, onNotice: (one) => notices.push(one) });
    mkdirSync(join(root, "folder"));
    const [closed, kept] = [openOnce(), openOnce()];
    closeOutboxFile(path, closed);
    closeOutboxFile(path, closed);
    const third = openOnce();
    const inode = String(statSync(`${path}-shm`).ino);
    expect(readFileSync("/proc/locks", "utf8")).toContain(`:${inode} `);
    for (const file of [kept, third]) closeOutboxFile(path, file);
  },
);
