import { describe, expect, it } from "vitest";

import { useTestManagers } from "../testSupport/createTestManager.ts";
import { type Fault } from "../testSupport/FakeBackend.ts";
import { settle } from "../VirtualClock.ts";

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
});
