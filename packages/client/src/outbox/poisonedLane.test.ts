import { describe, expect, it } from "vitest";

import { URL, useTestManagers } from "../testing/createTestManager.ts";
import { FakeBackend, type Fault, lanesOf, type Received } from "../testing/FakeBackend.ts";
import { settle } from "../testing/VirtualClock.ts";
import { MemoryStore } from "./MemoryStore.ts";

const setUp = useTestManagers();

const POISONED = "666";
const isPoisoned = (request: Received) => lanesOf(request).includes(POISONED);

const FAULTS: [string, Fault][] = [
  ["a 403 with HTML", { status: 403, body: "<html>Blocked</html>" }],
  ["a 413 with HTML", { status: 413, body: "<html>Too large</html>" }],
  ["a 500", { status: 500, body: "<html>Oops</html>" }],
  ["a 429 that asks for an hour", { status: 429, headers: { "retry-after": "3600" } }],
  ["no connection", "refuse"],
  [
    "an answer that acknowledges nothing",
    { status: 200, body: '{"status":"success","value":null}' },
  ],
];

describe("a video whose requests always get", () => {
  it.each(FAULTS)("%s does not hold up 100 others for a second", async (_name, fault) => {
    const { backend, manager, clock, update } = setUp();
    backend.onRequest = (request) => (isPoisoned(request) ? fault : undefined);
    await update(POISONED);
    for (let video = 0; video < 100; video++) await update(String(video));
    await clock.advance(1000);
    expect(backend.applied).toHaveLength(100);
    expect(manager.stats()).toMatchObject({ acknowledged: 100, pending: 1, deadLettered: 0 });
  });

  it.each(FAULTS)("%s does not hold up what comes later either", async (_name, fault) => {
    const { backend, manager, clock, update } = setUp();
    backend.onRequest = (request) => (isPoisoned(request) ? fault : undefined);
    await update(POISONED);
    await clock.advance(600_000);
    for (let video = 0; video < 100; video++) {
      await update(String(video));
      await update(POISONED);
      await clock.advance(1000);
      expect(manager.stats().acknowledged).toBe(video + 1);
    }
  });

  it("no answer takes at most one of the 4 places, and holds up nobody else", async () => {
    const { backend, manager, clock, update } = setUp();
    let hanging = 0;
    let mostHanging = 0;
    backend.onRequest = (request) => {
      if (!isPoisoned(request)) return undefined;
      hanging += 1;
      mostHanging = Math.max(mostHanging, hanging);
      void clock.after(15_000, () => (hanging -= 1));
      return "hang";
    };
    await update(POISONED);
    for (let video = 0; video < 100; video++) await update(String(video));
    await clock.advance(1000);
    expect(backend.applied).toHaveLength(100);
    for (let second = 0; second < 120; second++) {
      await update(String(1000 + second));
      await clock.advance(1000);
      expect(manager.stats().acknowledged).toBe(101 + second);
    }
    expect(mostHanging).toBe(1);
  });

  it("no answer, found in a backlog of 101 videos, costs the others one attempt at most", async () => {
    const store = new MemoryStore();
    const lanes = Array.from({ length: 101 }, (_, video) => (video === 50 ? POISONED : `${video}`));
    for (const [index, twitchId] of lanes.entries())
      store.append({
        deployment: URL,
        twitchId,
        content: {
          kind: "update",
          update: { twitchId, status: "Queued", updateId: `u${index}`, ageMs: 0 },
          createMissing: false,
        },
        acceptedAt: 0,
        acceptedUptime: null,
      });
    const backend = new FakeBackend();
    backend.onRequest = (request) => (isPoisoned(request) ? "hang" : undefined);
    const { manager, clock } = setUp({}, { store, backend });
    await clock.advance(15_000);
    await settle();
    expect(manager.stats()).toMatchObject({ acknowledged: 100, pending: 1 });
  });

  it("answers again is delivered, in order", async () => {
    const { backend, clock, update } = setUp();
    let isHealed = false;
    backend.onRequest = (request) =>
      isPoisoned(request) && !isHealed ? { status: 500 } : undefined;
    await update(POISONED);
    await update("1");
    await update(POISONED);
    await clock.advance(60_000);
    isHealed = true;
    await clock.advance(60_000);
    expect(backend.order).toEqual(["1/u2", "666/u1", "666/u3"]);
  });

  it("a 500 is asked less and less, though it is never given up", async () => {
    const { backend, clock, manager, update } = setUp();
    backend.onRequest = (request) => (isPoisoned(request) ? { status: 500 } : undefined);
    await update(POISONED);
    await update("1");
    await clock.advance(3_600_000);
    expect(backend.requests.filter(isPoisoned).length).toBeLessThan(20);
    expect(manager.stats()).toMatchObject({ pending: 1, deadLettered: 0 });
  });
});

describe("two videos whose requests always fail", () => {
  it("are no outage for the others", async () => {
    const { backend, manager, clock, update } = setUp();
    const poisoned = ["666", "667"];
    backend.onRequest = (request) =>
      poisoned.some((lane) => lanesOf(request).includes(lane)) ? { status: 500 } : undefined;
    for (const lane of poisoned) await update(lane);
    for (let second = 0; second < 60; second++) {
      await update(String(second));
      await clock.advance(1000);
      // Until something gets through, two that fail may be all.
      expect(manager.stats().acknowledged).toBeGreaterThanOrEqual(second);
    }
  });
});

describe("a function that fails for every update alike", () => {
  const WORDINGS = [
    "Cannot run functions while this deployment is paused. Resume the deployment in the dashboard settings to allow functions to run.",
    "You have exceeded the free plan limits, so your deployments have been disabled.",
    "Could not find public function for 'video:updateStatusByTwitchId'. Did you forget to run `npx convex dev` or `npx convex deploy`?",
    "[Request ID: 0123456789abcdef] Server Error",
  ].map((functionError): [string, Fault] => [functionError, { functionError }]);
  const REFUSED: [string, Fault] = [
    "HTTP 400",
    { status: 400, body: '{"code":"DeploymentGone","message":"no"}' },
  ];

  it.each([...WORDINGS, REFUSED])("is an outage: %s", async (_wording, fault) => {
    for (const lanes of [1, 4, 40]) {
      const { backend, manager, clock, update } = setUp();
      let isPaused = true;
      backend.onRequest = () => (isPaused ? fault : undefined);
      for (let count = 0; count < 40; count++) {
        await update(String(count % lanes));
        await clock.advance(1500);
      }
      expect(manager.stats()).toMatchObject({ pending: 40, deadLettered: 0 });
      isPaused = false;
      await clock.advance(60_000);
      expect(manager.stats()).toMatchObject({ acknowledged: 40, pending: 0 });
      expect(backend.requests.length / 40).toBeLessThanOrEqual(1.1);
    }
  });

  it("gives up nothing, however long it lasts", async () => {
    const { backend, manager, clock, update } = setUp();
    const [, fault] = WORDINGS[0]!;
    let isPaused = true;
    backend.onRequest = () => (isPaused ? fault : undefined);
    for (let count = 0; count < 360; count++) {
      await update(String(count % 7));
      await clock.advance(10_000);
    }
    expect(manager.stats()).toMatchObject({ pending: 360, deadLettered: 0 });
    isPaused = false;
    await clock.advance(600_000);
    expect(manager.stats()).toMatchObject({ acknowledged: 360, pending: 0 });
    expect(backend.requests.length / 360).toBeLessThanOrEqual(1.1);
  });
});

describe("an answer that acknowledges nothing", () => {
  const result = {
    success: true,
    outcome: "applied",
    videoId: "v1",
    twitchId: "1",
    status: "Queued",
  };
  it.each<[string, unknown]>([
    ["null", null],
    ["success alone", { success: true }],
    ["an unknown outcome", { ...result, outcome: "perhaps" }],
    ["another video's", { ...result, twitchId: "2" }],
    ["a text", "applied"],
    ["no refusal's code", { success: false }],
  ])("%s: the update stays, and is sent again", async (_name, value) => {
    const { backend, manager, clock, update } = setUp();
    const body = JSON.stringify({ status: "success", value });
    backend.onRequest = (_request, count) => (count <= 2 ? { status: 200, body } : undefined);
    await update("1");
    await settle();
    expect(manager.stats()).toMatchObject({ acknowledged: 0, pending: 1 });
    await clock.advance(60_000);
    expect(manager.stats()).toMatchObject({ acknowledged: 1, deadLettered: 0 });
  });

  it("to a batch acknowledges none of it, not even what it names", async () => {
    const { backend, manager, clock, update } = setUp();
    let isAway = true;
    backend.onRequest = (request) => {
      if (isAway) return "refuse";
      const value = (request.args.updates as object[] | undefined)?.map(() => ({ success: true }));
      return value && value.length > 1
        ? { status: 200, body: JSON.stringify({ status: "success", value }) }
        : undefined;
    };
    for (let video = 1; video < 30; video++) await update(String(video));
    isAway = false;
    await clock.advance(60_000);
    expect(backend.applied).toHaveLength(29);
    expect(manager.stats()).toMatchObject({ acknowledged: 29, pending: 0, deadLettered: 0 });
  });
});
