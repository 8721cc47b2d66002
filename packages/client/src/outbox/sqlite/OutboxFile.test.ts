import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { DatabaseSync } from "@photostructure/sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { OutboxCorruptError, OutboxUnwritableError } from "../../errors.ts";
import { type NewEntry, updateIdOf } from "../entry.ts";
import { OUTBOX_BOUNDS } from "../store.ts";
import type { OutboxNotice } from "./openFile.ts";
import { SqliteStore } from "./SqliteStore.ts";

const DEPLOYMENT = "https://here.example";
const NOW = 1_700_000_000_000;
const request = { deployment: DEPLOYMENT, owner: "me", now: NOW, at: NOW, limit: 50 };

let folder: string;
let path: string;
let notices: OutboxNotice[];
const stores: SqliteStore[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "klipstream-file-"));
  path = join(folder, "outbox.db");
  notices = [];
});
afterEach(() => {
  for (const store of stores.splice(0)) store.close();
  rmSync(folder, { recursive: true, force: true });
});

function open(at = path): SqliteStore {
  const store = new SqliteStore(at, OUTBOX_BOUNDS, (notice) => notices.push(notice));
  stores.push(store);
  return store;
}

function entry(updateId: string, twitchId = "1"): NewEntry {
  const update = { twitchId, updateId, ageMs: 0, status: "Queued" as const };
  return {
    deployment: DEPLOYMENT,
    twitchId,
    acceptedAt: NOW,
    acceptedUptime: null,
    content: { kind: "update", update, createMissing: false },
  };
}

it.runIf(process.platform === "linux")(
  "that is opened twice in one process keeps SQLite's locks",
  () => {
    const locks = () => {
      const inode = String(statSync(`${path}-shm`).ino);
      const lines = readFileSync("/proc/locks", "utf8").split("\n");
      return lines.filter((line) => line.includes(`:${inode} `)).length;
    };
    open();
    const before = locks();
    expect(before).toBeGreaterThan(0);
    open();
    expect(locks()).toBe(before);
  },
);

const idsIn = (store: SqliteStore) =>
  store.pending(DEPLOYMENT, -1).map(({ content }) => updateIdOf(content));

/** Changes the file behind the store's back. */
function change(sql: string): void {
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
}

describe("a damaged outbox file", () => {
  it("that is no database is set aside whole, and a new one begun", () => {
    const text = "this is no database ".repeat(100);
    writeFileSync(path, text);
    const store = open();
    expect(notices).toMatchObject([{ event: "outbox.corrupt" }]);
    expect(readFileSync(notices[0]!.path!, "utf8")).toBe(text);
    store.append(entry("1"));
    expect(idsIn(store)).toEqual(["1"]);
  });

  it("is set aside, and what can be read of it goes on under its own numbers", () => {
    const before = open();
    const entries = Array.from({ length: 300 }, (_value, video) =>
      before.append(entry(String(video + 1))),
    );
    change("PRAGMA wal_checkpoint(TRUNCATE)");
    before.close();
    const bytes = readFileSync(path);
    // The header, the schema and one page of rows.
    bytes.fill(0xff, 0, 200);
    for (let page = 0; page < bytes.length; page += 4096)
      if (bytes.subarray(page, page + 4096).includes('"updateId":"150"'))
        bytes.fill(0xff, page, page + 4096);
    writeFileSync(path, bytes);

    const after = open();
    const kept = after.pending(DEPLOYMENT, -1);
    expect(kept.length).toBeGreaterThan(270);
    expect(kept.length).toBeLessThan(300);
    expect(kept).toEqual(entries.filter(({ seq }) => kept.some((one) => one.seq === seq)));
    const { accepted, pending } = after.stats(DEPLOYMENT);
    expect(accepted).toBe(pending);
    expect(notices).toMatchObject([{ event: "outbox.corrupt", count: 300 - kept.length }]);
    expect(after.sourceId).not.toBe(entries[0]!.source.id);
    expect(after.append(entry("new")).source.sequence).toBeGreaterThan(300);
  });

  it("is set aside once, and loses nothing of what a process accepts that has it open", () => {
    const one = open();
    for (let video = 1; video <= 50; video++) one.append(entry(String(video)));
    change("UPDATE books SET accepted = 7");
    const other = open();
    one.append(entry("from one"));
    other.append(entry("from other"));
    const third = open();
    const expected = [...Array.from({ length: 50 }, (_v, video) => String(video + 1))];
    for (const store of [one, other, third])
      expect(idsIn(store)).toEqual([...expected, "from one", "from other"]);
    expect(
      readdirSync(folder).filter((name) => /corrupt-[^-]*-[^-]*-[^-]*-[^-]*-[^-]*Z$/.test(name)),
    ).toHaveLength(1);
  });

  it("whose damage is in a name of its schema is set aside, and all that it held goes on", () => {
    const before = open();
    for (const updateId of ["1", "2", "3"]) before.append(entry(updateId));
    before.close();
    const trigger = "WHERE name = 'entries_inserted'";
    const damaged = "UPDATE sqlite_schema SET sql = replace(sql, 'bytes +', 'bytfs +')";
    const database = new DatabaseSync(path);
    database.enableDefensive(false);
    database.exec(`PRAGMA writable_schema = ON; ${damaged} ${trigger}`);
    database.close();
    const after = open();
    expect(idsIn(after)).toEqual(["1", "2", "3"]);
    expect(notices).toMatchObject([{ event: "outbox.corrupt", count: 0 }]);
    after.append(entry("4"));
    expect(after.stats(DEPLOYMENT)).toMatchObject({ accepted: 4, pending: 4 });
  });

  it("whose damage shows while it is in use is set aside, and the work goes on", () => {
    const store = open();
    for (let video = 1; video <= 300; video++) store.append(entry(String(video)));
    change("PRAGMA wal_checkpoint(TRUNCATE)");
    const bytes = readFileSync(path);
    for (let at = 4096; at < bytes.length; at += 4096)
      if (bytes[at] === 10 || bytes[at] === 2) bytes.fill(0xee, at, at + 4096);
    writeFileSync(path, bytes);
    change("PRAGMA user_version");
    const database = new DatabaseSync(path);
    database.exec("UPDATE leases SET last_token = last_token + 1");
    database.close();
    store.append(entry("one more"));
    expect(idsIn(store)).toHaveLength(301);
  });

  it("with text that is not UTF-8 shows the entry as damaged, and goes on with its lane", () => {
    const store = open();
    const damaged = store.append(entry("a"));
    const whole = store.append(entry("b"));
    change(`UPDATE entries SET content = CAST(x'7bfffe80' AS TEXT) WHERE seq = ${damaged.seq}`);
    expect(store.claim(request)?.entries).toEqual([whole]);
    expect(store.deadLetters(DEPLOYMENT)).toMatchObject([
      { seq: damaged.seq, content: null, refusal: { code: "OUTBOX_CORRUPT" } },
    ]);
    expect(notices).toMatchObject([{ event: "outbox.corrupt", count: 1 }]);
    expect(store.redrive(DEPLOYMENT)).toBe(0);
  });

  it("with content that makes sense and is another than was accepted shows the entry as damaged", () => {
    const store = open();
    store.append(entry("a"));
    change("UPDATE entries SET content = replace(content, 'Queued', 'Failed')");
    expect(store.claim(request)).toBeNull();
    expect(store.deadLetters(DEPLOYMENT)).toMatchObject([{ content: null }]);
  });

  it("still shows dead letters whose reason is damaged", () => {
    const store = open();
    const { seq } = store.append(entry("1"));
    const refusal = { code: "VIDEO_NOT_FOUND" as const, message: "none" };
    store.settle(store.claim(request)!.lease, [{ seq, to: "deadLettered", refusal, at: NOW }]);
    change("UPDATE entries SET refusal = 'half of a'");
    expect(store.deadLetters(DEPLOYMENT)).toMatchObject([
      { seq, refusal: { code: "OUTBOX_CORRUPT" } },
    ]);
  });

  it("that a process was setting aside when it died is set aside by the next", () => {
    const store = open();
    for (const id of ["1", "2", "3"]) store.append(entry(id));
    mkdirSync(join(folder, "died"));
    for (const suffix of ["", "-wal"])
      copyFileSync(path + suffix, join(folder, "died", `outbox.db.damaged${suffix}`));
    const next = open(join(folder, "died", "outbox.db"));
    expect(idsIn(next)).toEqual(["1", "2", "3"]);
    expect(existsSync(join(folder, "died", "outbox.db.damaged"))).toBe(false);
  });
});

describe("entries that have vanished", () => {
  it("with the write-ahead log are noticed, and how many", () => {
    const store = open();
    for (let video = 1; video <= 5; video++) store.append(entry(String(video)));
    const copy = join(folder, "copy.db");
    for (const suffix of ["", "-last"]) copyFileSync(path + suffix, copy + suffix);
    expect(idsIn(open(copy))).toEqual([]);
    expect(notices).toMatchObject([{ event: "outbox.corrupt", count: 5 }]);
  });

  it("behind a damaged frame of the log are read all the same", () => {
    const store = open();
    for (let video = 1; video <= 5; video++) store.append(entry(String(video)));
    const copy = join(folder, "copy.db");
    for (const suffix of ["", "-wal"]) copyFileSync(path + suffix, copy + suffix);
    const log = readFileSync(`${copy}-wal`);
    log[32 + 24 + 4000] = log[32 + 24 + 4000]! ^ 1;
    writeFileSync(`${copy}-wal`, log);
    expect(idsIn(open(copy))).toEqual(["1", "2", "3", "4", "5"]);
    expect(notices).toHaveLength(1);
  });

  it("with the whole file, while no process had it open, are noticed", () => {
    const store = open();
    store.append(entry("1"));
    store.close();
    for (const suffix of ["", "-wal", "-shm"]) rmSync(path + suffix, { force: true });
    open();
    expect(notices).toMatchObject([{ event: "outbox.lost", count: 1 }]);
  });

  it("have not when a file was deleted while processes had it open: they go on in a new one", () => {
    const [one, other] = [open(), open()];
    for (let video = 1; video <= 5; video++) one.append(entry(String(video)));
    for (const suffix of ["", "-wal", "-shm"]) rmSync(path + suffix);
    one.append(entry("one"));
    other.append(entry("other"));
    expect(idsIn(one)).toEqual(["1", "2", "3", "4", "5", "one", "other"]);
    expect(notices.map(({ event }) => event)).toContain("outbox.lost");
  });
});

describe("the identity of an outbox", () => {
  it("stays through closing and opening, and a copy gets its own", () => {
    const original = open();
    const first = original.append(entry("1"));
    original.close();
    expect(open().sourceId).toBe(first.source.id);
    const copy = join(folder, "copy.db");
    copyFileSync(path, copy);
    const copied = open(copy);
    expect(copied.sourceId).not.toBe(first.source.id);
    expect(copied.pending(DEPLOYMENT, 1)[0]!.source).toEqual(first.source);
  });
});

describe("a path that is no outbox", () => {
  it.each(["", ":memory:", "file:outbox.db", "/dev/null", tmpdir()])("%j is refused", (odd) => {
    const mode = existsSync(odd) ? statSync(odd).mode : undefined;
    expect(() => open(odd)).toThrow(OutboxUnwritableError);
    if (mode !== undefined) expect(statSync(odd).mode).toBe(mode);
  });

  it("but another program's SQLite file is refused and left as it is", () => {
    change("CREATE TABLE entries (id, title); INSERT INTO entries VALUES (1, 'not ours')");
    chmodSync(path, 0o644);
    const bytes = readFileSync(path);
    expect(() => open()).toThrow(OutboxCorruptError);
    expect(readFileSync(path)).toEqual(bytes);
    expect(statSync(path).mode & 0o777).toBe(0o644);
  });
});

it("a transaction that another process does not end is a clear error, for accepting and delivering", () => {
  const store = open();
  store.append(entry("1"));
  const other = new DatabaseSync(path);
  other.exec("BEGIN IMMEDIATE");
  expect(() => store.append(entry("2"))).toThrow(/held by another process/);
  expect(() => store.claim(request)).toThrow(OutboxUnwritableError);
  expect(idsIn(store)).toEqual(["1"]);
  other.exec("COMMIT");
  other.close();
  store.append(entry("2"));
  expect(idsIn(store)).toEqual(["1", "2"]);
});
