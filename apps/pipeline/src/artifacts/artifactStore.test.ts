import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { ArtifactStore } from "./artifactStore.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "klipstream-store-"));
});
afterEach(() => rm(folder, { recursive: true }));

describe("ArtifactStore", () => {
  it("gives the address of what it wrote, and reads it back", async () => {
    const store = new ArtifactStore(folder, "http://localhost:1/files/");
    const url = await store.write("123", "chatUrl", "hello");
    expect(url).toBe("http://localhost:1/files/123/chat.csv");
    expect(await store.read("123", "chatUrl")).toBe("hello");
  });

  it("a second write replaces the first as a whole and leaves nothing else behind", async () => {
    const store = new ArtifactStore(folder, "http://localhost:1");
    await Promise.all(
      Array.from({ length: 20 }, (_, turn) =>
        store.write("1", "chatUrl", String(turn).repeat(5000)),
      ),
    );
    expect(new Set(await store.read("1", "chatUrl")).size).toBeLessThanOrEqual(2);
    expect(await readdir(join(folder, "1"))).toEqual(["chat.csv"]);
  });

  it("says so where an artifact was never written", async () => {
    const store = new ArtifactStore(folder, "http://localhost:1");
    await expect(store.read("1", "chatUrl")).rejects.toMatchObject({ code: "ENOENT" });
  });
});
