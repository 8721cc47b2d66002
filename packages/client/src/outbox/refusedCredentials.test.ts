import { describe, expect, it } from "vitest";

import { useTestManagers } from "../testing/createTestManager.ts";
import { type Fault } from "../testing/FakeBackend.ts";
import { settle } from "../testing/VirtualClock.ts";

const setUp = useTestManagers();

describe("refused credentials", () => {
  it.each<[string, Fault]>([
    ["HTTP 401", { status: 401, body: '{"code":"InvalidAuthHeader","message":"bad token"}' }],
    ["UNAUTHENTICATED", { errorData: { code: "UNAUTHENTICATED", message: "no" } }],
    ["FORBIDDEN", { errorData: { code: "FORBIDDEN", message: "no" } }],
  ])(
    "%s: one refresh, then one attempt every 30 s, and nothing is dead-lettered",
    async (_name, fault) => {
      let serial = 0;
      const tokenSource = ({ forceRefresh }: { forceRefresh: boolean }) => {
        if (forceRefresh) serial += 1;
        return Promise.resolve(`opaque-token-${serial}`);
      };
      const { backend, manager, clock, lines, update } = setUp({ tokenSource });
      let isRefused = true;
      backend.onRequest = () => (isRefused ? fault : undefined);
      await update("1");
      await clock.advance(1000);
      expect(backend.requests.map(({ authorization }) => authorization)).toEqual([
        "Bearer opaque-token-0",
        "Bearer opaque-token-1",
      ]);
      await clock.advance(58_000);
      expect(backend.requests).toHaveLength(3);
      expect(lines.filter(({ event }) => event === "auth.refused")).toHaveLength(1);
      expect(manager.stats()).toMatchObject({ pending: 1, deadLettered: 0 });
      isRefused = false;
      await clock.advance(30_000);
      expect(manager.stats()).toMatchObject({ acknowledged: 1, pending: 0 });
      expect(lines.filter(({ event }) => event === "auth.accepted")).toHaveLength(1);
    },
  );

  it("refresh one token once, though four requests carried it", async () => {
    let refreshes = 0;
    const tokenSource = ({ forceRefresh }: { forceRefresh: boolean }) => {
      if (forceRefresh) refreshes += 1;
      return Promise.resolve(`opaque-token-${refreshes}`);
    };
    const { backend, manager, clock, update } = setUp({ tokenSource });
    backend.onRequest = async ({ authorization }) => {
      await settle();
      return authorization === "Bearer opaque-token-0" ? { status: 401, body: "{}" } : undefined;
    };
    for (const lane of ["1", "2", "3", "4"]) await update(lane);
    for (let turn = 0; turn < 20; turn++) await clock.advance(250);
    expect(refreshes).toBe(1);
    expect(manager.stats()).toMatchObject({ acknowledged: 4, pending: 0 });
  });

  it("of a token source that fails pause delivery, too", async () => {
    let isBroken = true;
    const tokenSource = () =>
      isBroken ? Promise.reject(new Error("vault sealed")) : Promise.resolve("opaque-token");
    const { backend, manager, clock, lines, update } = setUp({ tokenSource });
    await update("1");
    await clock.advance(1000);
    expect(backend.requests).toEqual([]);
    expect(lines.find(({ event }) => event === "auth.refused")?.message).toContain("vault sealed");
    isBroken = false;
    await clock.advance(30_000);
    expect(manager.stats()).toMatchObject({ acknowledged: 1 });
  });

  it.each<[string, unknown]>([
    ["an HTML page", "<html>503 Service Unavailable</html>"],
    ["an empty text", ""],
    ["undefined", undefined],
    ["an object", {}],
  ])("of a token source that answers %s pause delivery, too", async (_name, answer) => {
    let isBroken = true;
    const tokenSource = () =>
      Promise.resolve((isBroken ? answer : "opaque-token") as string | null);
    const { backend, manager, clock, lines, update } = setUp({ tokenSource });
    for (const lane of ["1", "2", "3", "1"]) await update(lane);
    await clock.advance(600_000);
    expect(backend.requests).toEqual([]);
    expect(lines.filter(({ event }) => event === "auth.refused")).toHaveLength(1);
    expect(manager.stats()).toMatchObject({ pending: 4, deadLettered: 0 });
    isBroken = false;
    await clock.advance(30_000);
    expect(manager.stats()).toMatchObject({ acknowledged: 4, pending: 0 });
  });

  it("of a token source that answers null to a backend that wants a token pause delivery, too", async () => {
    const tokenSource = () => Promise.resolve(null);
    const { backend, manager, clock, lines, update } = setUp({ tokenSource });
    backend.onRequest = ({ authorization }) => {
      expect(authorization).toBeNull();
      return { errorData: { code: "UNAUTHENTICATED", message: "no token" } };
    };
    for (const lane of ["1", "2"]) await update(lane);
    await clock.advance(60_000);
    expect(lines.filter(({ event }) => event === "auth.refused")).toHaveLength(1);
    expect(manager.stats()).toMatchObject({ pending: 2, deadLettered: 0 });
  });

  it("of a token source that never answers pause delivery with a log line, and it goes on when it answers", async () => {
    let isHanging = true;
    const tokenSource = () =>
      isHanging ? new Promise<never>(() => undefined) : Promise.resolve("opaque-token");
    const { manager, clock, lines, update } = setUp({ tokenSource });
    await update("1");
    await clock.advance(15_000);
    expect(lines.find(({ event }) => event === "auth.refused")?.message).toContain("15000 ms");
    isHanging = false;
    await clock.advance(30_000);
    expect(manager.stats()).toMatchObject({ acknowledged: 1, pending: 0 });
  });

  it("in the answer to a batch dead-letter nothing of it", async () => {
    const { backend, manager, clock, update } = setUp();
    let mode: "away" | "refused" | "well" = "away";
    backend.onRequest = ({ args }) => {
      if (mode === "away") return "refuse";
      if (mode === "well") return undefined;
      const updates = (args.updates as object[] | undefined) ?? [args];
      const value = updates.map(() => ({ success: false, code: "FORBIDDEN", message: "no" }));
      const body = JSON.stringify({ status: "success", value: args.updates ? value : value[0] });
      return { status: 200, body };
    };
    for (const lane of ["1", "2", "3", "1"]) await update(lane);
    mode = "refused";
    await clock.advance(120_000);
    expect(manager.stats()).toMatchObject({ pending: 4, deadLettered: 0 });
    expect(backend.requests.length).toBeLessThan(12);
    mode = "well";
    await clock.advance(30_000);
    expect(manager.stats()).toMatchObject({ acknowledged: 4, pending: 0 });
  });
});
