import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { DatabaseSync as Database } from "@photostructure/sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { OutboxUnwritableError, OutboxVersionError } from "../../errors.ts";
import type { NewEntry } from "../entry.ts";
import { createOwner, isOwnerDead } from "../owner.ts";
import { MIGRATIONS } from "./migrations.ts";
import { SqliteStore } from "./SqliteStore.ts";

const DEPLOYMENT = "https://here.example";
const NOW = 1_700_000_000_000;

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "klipstream-sqlite-"));
  path = join(folder, "state", "outbox.db");
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function entry(twitchId: string): NewEntry {
  const update = { twitchId, updateId: twitchId, ageMs: 0, status: "Queued" as const };
  return {
    deployment: DEPLOYMENT,
    twitchId,
    acceptedAt: NOW,
    acceptedUptime: null,
    content: { kind: "update", update, createMissing: false },
  };
}

const request = { deployment: DEPLOYMENT, now: NOW, at: NOW, limit: 50 };

describe("an outbox file", () => {
  it("is made with its folder, for this user only, its companions too", () => {
    const store = new SqliteStore(path);
    store.append(entry("1"));
    expect(statSync(join(folder, "state")).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(join(folder, "state")))
      expect(statSync(join(folder, "state", name)).mode & 0o777).toBe(0o600);
    store.close();
  });

  it("keeps what it held over a reopening", () => {
    const before = new SqliteStore(path);
    before.append(entry("1"));
    before.close();
    const after = new SqliteStore(path);
    expect(after.stats(DEPLOYMENT)).toMatchObject({ accepted: 1, pending: 1 });
    after.close();
  });

  it("shows what another process has appended", () => {
    const one = new SqliteStore(path);
    const other = new SqliteStore(path);
    one.append(entry("1"));
    expect(other.claim({ ...request, owner: "other" })?.entries).toHaveLength(1);
    expect(one.claim({ ...request, owner: "one" })).toBeNull();
    one.close();
    other.close();
  });

  it("in a place that cannot be written is a clear error at the start", () => {
    writeFileSync(join(folder, "file"), "");
    expect(() => new SqliteStore(join(folder, "file", "outbox.db"))).toThrow(OutboxUnwritableError);
  });

  it("with an entry that cannot be read makes it a dead letter, and goes on with its lane", () => {
    const store = new SqliteStore(path);
    const damaged = store.append(entry("1"));
    const whole = store.append(entry("1"));
    const database = new Database(path);
    database.exec(`UPDATE entries SET content = 'half of a' WHERE seq = ${damaged.seq}`);
    database.close();
    const claim = store.claim({ ...request, owner: "me" });
    expect(claim?.entries.map(({ seq }) => seq)).toEqual([whole.seq]);
    expect(store.stats(DEPLOYMENT)).toMatchObject({ accepted: 2, pending: 1, deadLettered: 1 });
    store.close();
  });
});

describe("the versions of an outbox file", () => {
  it("all have a fixture", () => {
    const fixtures = readdirSync(join(import.meta.dirname, "fixtures"));
    expect(fixtures).toEqual(MIGRATIONS.map((_step, index) => `v${index + 1}.sql`));
  });

  it.each(MIGRATIONS.map((_step, index) => index + 1))(
    "version %i is upgraded with all that it holds",
    (version) => {
      const database = new Database(join(folder, "old.db"));
      const sql = readFileSync(join(import.meta.dirname, "fixtures", `v${version}.sql`), "utf8");
      database.exec(sql.replaceAll("@DEPLOYMENT@", DEPLOYMENT));
      database.close();
      const store = new SqliteStore(join(folder, "old.db"));
      expect(store.stats(DEPLOYMENT)).toMatchObject({
        accepted: 9,
        acknowledged: 3,
        pending: 5,
        deadLettered: 1,
      });
      expect(store.deadLetters(DEPLOYMENT)).toMatchObject([{ seq: 5, twitchId: "700003" }]);
      const claim = store.claim({ ...request, owner: "me" });
      expect(claim?.entries.map(({ seq }) => seq)).toEqual([1, 2, 3]);
      store.close();
    },
  );

  it("newer than this client are refused and left as they are", () => {
    new SqliteStore(path).close();
    const database = new Database(path);
    database.exec(`PRAGMA user_version = ${MIGRATIONS.length + 1}`);
    database.close();
    const bytes = readFileSync(path);
    expect(() => new SqliteStore(path)).toThrow(OutboxVersionError);
    expect(readFileSync(path)).toEqual(bytes);
  });
});

describe("a lease", () => {
  it("of a process that is dead is free at once", async () => {
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    const [uuid, machine] = createOwner().split(" ");
    const owner = [uuid, machine, child.pid, ""].join(" ");
    const store = new SqliteStore(path);
    store.append(entry("1"));
    store.claim({ ...request, owner });
    expect(isOwnerDead(owner)).toBe(false);
    expect(store.claim({ ...request, owner: createOwner() })).toBeNull();
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(isOwnerDead(owner)).toBe(true);
    expect(store.claim({ ...request, owner: createOwner() })?.entries).toHaveLength(1);
    store.close();
  });

  it("of a process on another machine is not free before its time", () => {
    const owner = "uuid another-machine/pid:[1] 1 1";
    const store = new SqliteStore(path);
    store.append(entry("1"));
    store.claim({ ...request, owner });
    expect(store.claim({ ...request, owner: createOwner() })).toBeNull();
    store.close();
  });

  it.runIf(process.platform === "linux")(
    "is not kept by another process that has got the dead one's number",
    () => {
      const [uuid, machine, pid, startTime] = createOwner().split(" ");
      const earlier = [uuid, machine, pid, String(Number(startTime) - 1)].join(" ");
      expect(isOwnerDead(earlier)).toBe(true);
    },
  );
});
