import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { describe, expect, it, onTestFinished } from "vitest";

import { useTestManagers } from "../testing/createTestManager.ts";
import { FakeBackend, type Fault, sizeOf } from "../testing/FakeBackend.ts";
import { VirtualClock } from "../testing/VirtualClock.ts";
import { MemoryStore } from "./MemoryStore.ts";
import { SqliteStore } from "./sqlite/SqliteStore.ts";

const setUp = useTestManagers();

describe("while the backend cannot be reached", () => {
  it("sends one small probe at a time, and speeds up after the first success", async () => {
    const { backend, clock, update } = setUp();
    let isAway = true;
    backend.onRequest = () => (isAway ? "refuse" : undefined);
    for (let video = 0; video < 200; video++) await update(String(video));
    await clock.advance(60_000);
    expect(backend.maxConcurrent).toBe(1);
    expect(backend.requests.slice(1).every((request) => sizeOf(request) === 1)).toBe(true);
    isAway = false;
    const before = backend.requests.length;
    await clock.advance(30_000);
    const sizes = backend.requests.slice(before).map(sizeOf);
    expect(sizes.slice(0, 2)).toEqual([1, 2]);
    expect(Math.max(...sizes)).toBeGreaterThan(30);
    expect(backend.applied).toHaveLength(200);
  });

  it("doubles the wait from 0.5 s on", async () => {
    const { backend, clock, update } = setUp();
    const at: number[] = [];
    backend.onRequest = () => {
      at.push(clock.monotonic());
      return "refuse";
    };
    await update("1");
    await clock.advance(70_000);
    const waits = at.slice(1).map((moment, index) => moment - at[index]!);
    expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 32_000]);
  });

  it("waits for as long as Retry-After says, up to 60 s", async () => {
    const { backend, clock, update } = setUp();
    const status = 429;
    backend.onRequest = (_request, count) =>
      ({
        1: { status, headers: { "retry-after": "7" } },
        2: { status, headers: { "retry-after": "3600" } },
      })[count];
    await update("1");
    await clock.advance(6999);
    expect(backend.requests).toHaveLength(1);
    await clock.advance(1);
    expect(backend.requests).toHaveLength(2);
    await clock.advance(60_000);
    expect(backend.applied).toHaveLength(1);
  });

  it("looks again for a lane that another process had when the wait was over", async () => {
    const folder = mkdtempSync(join(tmpdir(), "klipstream-away-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const [clock, backend] = [new VirtualClock(), new FakeBackend()];
    const open = () =>
      setUp({}, { clock, backend, store: new SqliteStore(join(folder, "outbox.db")) });
    const { update } = open();
    backend.onRequest = () => "refuse";
    for (const video of ["1", "2"]) await update(video);
    await clock.advance(100);
    backend.onRequest = () => "hang";
    const other = open();
    await clock.advance(1000);
    backend.onRequest = () => undefined;
    await other.close();
    await clock.advance(3000);
    expect(backend.applied).toHaveLength(2);
  });

  it("tries again also where the store could not be told of the failure", async () => {
    const store = new MemoryStore();
    const settle = store.settle.bind(store);
    let isAway = true;
    store.settle = (...args) => {
      if (isAway) throw new Error("the store is busy");
      return settle(...args);
    };
    const { backend, clock, update } = setUp({}, { store });
    backend.onRequest = () => (isAway ? "refuse" : undefined);
    for (const video of ["1", "2"]) await update(video);
    await clock.advance(100);
    isAway = false;
    await clock.advance(15_000);
    expect(backend.applied).toHaveLength(2);
  });

  it("is not shortened by a wall clock that jumps", async () => {
    const { backend, clock, update } = setUp();
    backend.onRequest = () => "refuse";
    await update("1");
    clock.jump(3_600_000);
    await clock.advance(499);
    clock.jump(-7_200_000);
    expect(backend.requests).toHaveLength(1);
    await clock.advance(1);
    expect(backend.requests).toHaveLength(2);
  });

  it.each<[string, Fault]>([
    ["a refused connection", "refuse"],
    ["an answer that never comes", "hang"],
    ["an answer that is cut after the commit", "cutAfterCommit"],
    ["HTML instead of JSON", { status: 200, body: "<html>Please log in</html>" }],
    ["half of a JSON", { status: 200, body: '{"status":"succ' }],
    ["a redirect", { status: 302, headers: { location: "https://elsewhere.example" } }],
    ["a 403 that is not the backend's", { status: 403, body: "<html>Blocked</html>" }],
    ...[404, 408, 421, 425, 429, 500, 502, 503, 504, 520].map((status): [string, Fault] => [
      `HTTP ${status}`,
      { status },
    ]),
  ])("%s is tried again, and the update applied once", async (_name, fault) => {
    const { backend, clock, manager, update } = setUp();
    backend.onRequest = (_request, count) => (count <= 2 ? fault : undefined);
    await update("1");
    await clock.advance(60_000);
    expect(backend.order).toEqual(["1/u1"]);
    expect(manager.stats()).toMatchObject({ accepted: 1, acknowledged: 1, pending: 0 });
  });
});
