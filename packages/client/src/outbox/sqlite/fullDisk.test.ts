import { spawnSync } from "node:child_process";
import {
  mkdtempSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, describe, expect, it } from "vitest";

import { OutboxUnwritableError } from "../../errors.ts";
import type { NewEntry } from "../entry.ts";
import { SqliteStore } from "./SqliteStore.ts";

const DEPLOYMENT = "https://here.example";
const NOW = 1_700_000_000_000;

const unmounts: (() => void)[] = [];
afterEach(() => {
  for (const unmount of unmounts.splice(0)) unmount();
});

/** A disk of its own, or null where this machine does not allow one. */
function mountDisk(bytes: number): string | null {
  const folder = mkdtempSync(join(tmpdir(), "klipstream-disk-"));
  const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${bytes}`, "tmpfs", folder]);
  unmounts.push(() => {
    if (status === 0) spawnSync("umount", ["-l", folder]);
    rmSync(folder, { recursive: true, force: true });
  });
  return status === 0 ? folder : null;
}

function entry(count: number, length: number): NewEntry {
  const twitchId = String(1 + (count % 30));
  const reason = "x".repeat(length);
  const update = { twitchId, updateId: `u${count}`, ageMs: 0, status: "Queued" as const, reason };
  return {
    deployment: DEPLOYMENT,
    twitchId,
    acceptedAt: NOW,
    acceptedUptime: null,
    content: { kind: "update", update, createMissing: false },
  };
}

/** Accepts until the disk is full. @returns How many. */
function fill(store: SqliteStore, length: number): number {
  for (let count = 0; ; count++)
    try {
      store.append(entry(count, length));
    } catch (error) {
      expect(error).toBeInstanceOf(OutboxUnwritableError);
      return count;
    }
}

function deliverAll(store: SqliteStore): number {
  let delivered = 0;
  for (;;) {
    const claim = store.claim({
      deployment: DEPLOYMENT,
      owner: "me",
      now: NOW,
      at: NOW,
      limit: 50,
    });
    if (claim === null) return delivered;
    delivered += store.settle(
      claim.lease,
      claim.entries.map(({ seq }) => ({ seq, to: "acknowledged" })),
    );
  }
}

/** Takes what is left, to the last byte. */
function fillUp(folder: string): void {
  const { bavail, bsize } = statfsSync(folder);
  writeFileSync(join(folder, "filler"), Buffer.alloc(bavail * bsize, 1));
}

const MIB = 1024 * 1024;

describe.each([MIB, 2 * MIB, 3 * MIB, 100 * MIB])("on a disk of %i bytes that is full", (bytes) => {
  it("what was accepted is delivered, by the same process and by a new one", ({ skip }) => {
    const folder = mountDisk(bytes);
    if (folder === null) return skip("no tmpfs can be mounted here");
    const path = join(folder, "outbox.db");
    const store = new SqliteStore(path);
    // The large disk is filled by others.
    if (bytes > 10 * MIB) {
      for (let count = 0; count < 500; count++) store.append(entry(count, 900));
      fillUp(folder);
    } else fill(store, 900);
    const { pending } = store.stats(DEPLOYMENT);
    expect(pending).toBeGreaterThan(20);
    const first = store.claim({
      deployment: DEPLOYMENT,
      owner: "me",
      now: NOW,
      at: NOW,
      limit: 5,
    })!;
    expect(
      store.settle(
        first.lease,
        first.entries.map(({ seq }) => ({ seq, to: "acknowledged" })),
      ),
    ).toBe(first.entries.length);
    store.close();

    const next = new SqliteStore(path);
    expect(deliverAll(next)).toBe(pending - first.entries.length);
    expect(next.stats(DEPLOYMENT)).toMatchObject({ pending: 0, acknowledged: pending });
    next.close();
  });
});

it("a disk that has room again is used again, and keeps its reserve", ({ skip }) => {
  const folder = mountDisk(2 * MIB);
  if (folder === null) return skip("no tmpfs can be mounted here");
  const store = new SqliteStore(join(folder, "outbox.db"));
  fill(store, 900);
  for (let round = 0; round < 5; round++) {
    deliverAll(store);
    // What is deleted is used again: as many fit as before.
    expect(fill(store, 900)).toBeGreaterThan(100);
  }
  store.close();
});

it("a file that was damaged while the disk was full is replaced once there is room", ({ skip }) => {
  const folder = mountDisk(2 * MIB);
  if (folder === null) return skip("no tmpfs can be mounted here");
  const path = join(folder, "outbox.db");
  const store = new SqliteStore(path);
  for (let count = 0; count < 200; count++) store.append(entry(count, 900));
  rmSync(`${path}-reserve`);
  fillUp(folder);
  const filler = join(folder, "filler");
  // Enough for a new file, and not for what is to go into it.
  truncateSync(filler, statSync(filler).size - MIB / 4);
  const bytes = readFileSync(path);
  writeFileSync(path, bytes.fill(0xff, 0, 100));
  for (let attempt = 0; attempt < 2; attempt++) {
    expect(() => new SqliteStore(path)).toThrow(OutboxUnwritableError);
    expect(() => store.append(entry(200, 900))).toThrow(OutboxUnwritableError);
  }
  rmSync(filler);
  store.append(entry(200, 900));
  expect(store.stats(DEPLOYMENT)).toMatchObject({ pending: 201 });
  store.close();
});
