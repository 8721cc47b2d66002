import { describe, expect, it } from "vitest";

import type { Clock } from "../clock.ts";
import { useTestManagers } from "../testing/createTestManager.ts";
import { type Fault, type Received, lanesOf, sizeOf } from "../testing/FakeBackend.ts";
import { settle } from "../testing/VirtualClock.ts";
import { MemoryStore } from "./MemoryStore.ts";
import { LEASE_MS } from "./store.ts";

const setUp = useTestManagers();

describe("while all is well", () => {
  it("sends at most 4 requests at the same time, and 50 updates in one", async () => {
    const { backend, manager, clock, update } = setUp();
    const answers: (() => void)[] = [];
    backend.onRequest = () =>
      new Promise((resolve) => {
        answers.push(() => resolve(undefined));
      });
    for (let video = 0; video < 300; video++) await update(String(video));
    await settle();
    expect(backend.requests).toHaveLength(4);
    while (answers.length > 0) {
      answers.shift()?.();
      await settle();
    }
    await clock.advance(100);
    expect(backend.maxConcurrent).toBe(4);
    expect(Math.max(...backend.requests.map(sizeOf))).toBe(50);
    expect(manager.stats()).toMatchObject({ acknowledged: 300, pending: 0 });
  });

  it("never has two requests of one video under way", async () => {
    const { backend, update } = setUp();
    const underWay = new Set<string>();
    backend.onRequest = async (request) => {
      const lanes = [...new Set(lanesOf(request))];
      for (const lane of lanes) {
        expect(underWay).not.toContain(lane);
        underWay.add(lane);
      }
      await settle();
      for (const lane of lanes) underWay.delete(lane);
      return undefined;
    };
    for (let step = 0; step < 100; step++) {
      await update(String(step % 3));
      if (step % 7 === 0) await settle();
    }
    for (let round = 0; round < 1000 && backend.applied.length < 100; round++) await settle();
    expect(backend.applied).toHaveLength(100);
    for (const lane of ["0", "1", "2"]) {
      const ids = backend.applied
        .filter(({ twitchId }) => twitchId === lane)
        .map(({ updateId }) => Number(updateId.slice(1)));
      expect(ids).toEqual([...ids].sort((one, other) => one - other));
    }
  });
});

describe("an update that the backend refuses", () => {
  it.each<[string, Fault, string]>([
    [
      "VIDEO_NOT_FOUND",
      { errorData: { code: "VIDEO_NOT_FOUND", message: "-" } },
      "VIDEO_NOT_FOUND",
    ],
    [
      "INVALID_ARGUMENT",
      { errorData: { code: "INVALID_ARGUMENT", message: "-" } },
      "INVALID_ARGUMENT",
    ],
    [
      "UPDATE_ID_REUSED",
      { errorData: { code: "UPDATE_ID_REUSED", message: "-" } },
      "UPDATE_ID_REUSED",
    ],
    ...[400, 403, 409].map((status): [string, Fault, string] => [
      `HTTP ${status}`,
      { status, body: '{"code":"BadArgs","message":"no"}' },
      "REQUEST_REFUSED",
    ]),
  ])("with %s is a dead letter at once, and its lane goes on", async (_name, fault, code) => {
    const { backend, manager, store, url, update } = setUp();
    backend.onRequest = (_request, count) => (count === 1 ? fault : undefined);
    await update("1");
    await settle();
    await update("1");
    await settle();
    expect(store.deadLetters(url)).toMatchObject([{ refusal: { code } }]);
    expect(backend.order).toEqual(["1/u2"]);
    expect(manager.stats()).toMatchObject({ accepted: 2, acknowledged: 1, deadLettered: 1 });
  });

  it("inside a batch does not harm the others", async () => {
    const { backend, manager, clock, update } = setUp();
    backend.unknown.add("2");
    backend.onRequest = (_request, count) => (count === 1 ? "refuse" : undefined);
    for (const lane of ["1", "2", "3", "1", "2"]) await update(lane);
    await clock.advance(5000);
    expect([...backend.order].sort()).toEqual(["1/u1", "1/u4", "3/u3"]);
    expect(manager.stats()).toMatchObject({ acknowledged: 3, deadLettered: 2, pending: 0 });
  });

  it("in a batch that is refused as a whole is the only one that is dead-lettered", async () => {
    const { backend, manager, store, url, clock, update } = setUp();
    const isPoisoned = (request: Received) => lanesOf(request).includes("13");
    let isAway = true;
    backend.onRequest = (request) => {
      if (isAway) return "refuse";
      return isPoisoned(request)
        ? { status: 400, body: '{"code":"BadArgs","message":"no"}' }
        : undefined;
    };
    for (let video = 10; video < 20; video++) await update(String(video));
    isAway = false;
    await clock.advance(10_000);
    expect(store.deadLetters(url).map(({ twitchId }) => twitchId)).toEqual(["13"]);
    expect(manager.stats()).toMatchObject({ acknowledged: 9, deadLettered: 1, pending: 0 });
  });

  it("is sent and applied after a redrive", async () => {
    const { backend, manager, store, url, clock, update } = setUp();
    backend.unknown.add("2");
    await update("2");
    await settle();
    backend.unknown.delete("2");
    expect(store.redrive(url)).toBe(1);
    const flushed = manager.flush();
    await clock.advance(1000);
    expect(await flushed).toEqual({ delivered: true, pending: 0 });
    expect(backend.order).toEqual(["2/u1"]);
  });
});

describe("a function that breaks", () => {
  const functionError = "[Request ID: 0123456789abcdef] Server Error";

  it("is retried 5 times, then its update is a dead letter with the request id", async () => {
    const { backend, manager, store, url, clock, update } = setUp();
    backend.onRequest = (request) =>
      lanesOf(request).includes("1") ? { functionError } : undefined;
    await update("1");
    await clock.advance(120_000);
    expect(backend.requests.filter((request) => lanesOf(request).includes("1"))).toHaveLength(6);
    expect(store.deadLetters(url)).toMatchObject([
      { refusal: { code: "SERVER_ERROR", requestId: "0123456789abcdef" } },
    ]);
    expect(manager.stats()).toMatchObject({ pending: 0, deadLettered: 1 });
  });

  it("for one video holds back only that video", async () => {
    const { backend, clock, update } = setUp();
    backend.onRequest = (request) =>
      lanesOf(request).includes("1") ? { functionError } : undefined;
    await update("1");
    await settle();
    for (const lane of ["1", "2", "3"]) await update(lane);
    await clock.advance(10);
    expect(backend.order).toEqual(["2/u3", "3/u4"]);
  });

  it("does not let a later update of its video overtake", async () => {
    const { backend, clock, update } = setUp();
    backend.onRequest = (_request, count) => (count <= 3 ? { functionError } : undefined);
    await update("1");
    await settle();
    await update("1");
    await clock.advance(60_000);
    expect(backend.order).toEqual(["1/u1", "1/u2"]);
  });
});

describe("a store that fails", () => {
  it("rejects the update with the reason, and takes updates again when it has recovered", async () => {
    const store = new MemoryStore();
    const append = store.append.bind(store);
    let isFull = true;
    store.append = (entry) => {
      if (isFull) throw new Error("SQLITE_FULL: database or disk is full");
      return append(entry);
    };
    const { manager, update } = setUp({}, { store });
    const refused = await update("1");
    expect(!refused.ok && refused.error.code).toBe("OUTBOX_UNWRITABLE");
    isFull = false;
    expect(await update("1")).toMatchObject({ outcome: "queued" });
    await settle();
    expect(manager.stats()).toMatchObject({ accepted: 1, acknowledged: 1 });
  });

  it("at the settlement loses nothing: the entry is sent again when its lease has run out", async () => {
    const store = new MemoryStore();
    const real = store.settle.bind(store);
    let failures = 1;
    store.settle = (...args) => {
      if (failures-- > 0) throw new Error("SQLITE_FULL: database or disk is full");
      return real(...args);
    };
    const { backend, manager, clock, update } = setUp({}, { store });
    await update("1");
    await clock.advance(LEASE_MS + 1000);
    expect(backend.requests).toHaveLength(2);
    expect(backend.order).toEqual(["1/u1"]);
    expect(manager.stats()).toMatchObject({ accepted: 1, acknowledged: 1, pending: 0 });
  });
});

describe("two processes whose clocks are an hour apart", () => {
  it("send each update once, though its delivery takes longer than a look", async () => {
    const store = new MemoryStore();
    const { backend, clock, ...one } = setUp({ attemptTimeoutMs: 60_000 }, { store });
    const ahead: Clock = {
      origin: clock.origin,
      now: () => clock.now() + 3_600_000,
      monotonic: () => clock.monotonic(),
      after: (delayMs, callback) => clock.after(delayMs, callback),
    };
    const other = setUp({ attemptTimeoutMs: 60_000 }, { store, backend, clock: ahead });
    backend.onRequest = () =>
      new Promise((resolve) => void clock.after(5000, () => resolve(undefined)));
    for (let count = 0; count < 60; count++) {
      await one.manager.updateVideoStatus(String(count % 10), "Downloading");
      await other.manager.updateVideoStatus(String(count % 10), "Transcribing");
      await clock.advance(1000);
    }
    await clock.advance(120_000);
    expect(one.manager.stats()).toMatchObject({ acknowledged: 120, pending: 0 });
    const sent = backend.requests.map(sizeOf).reduce((sum, size) => sum + size, 0);
    expect(sent).toBe(120);
  });
});

describe("a long delivery", () => {
  it("keeps its lease for as long as it takes", async () => {
    const store = new MemoryStore();
    const { backend, clock, update, url } = setUp({ attemptTimeoutMs: 60_000 }, { store });
    backend.onRequest = () => "hang";
    await update("1");
    await clock.advance(3 * LEASE_MS);
    const claim = {
      deployment: url,
      owner: "another",
      now: clock.monotonic(),
      at: clock.now(),
      limit: 50,
    };
    expect(store.claim(claim)).toBeNull();
  });
});
