import { describe, expect, it } from "vitest";

import { createTestManager } from "../testing/createTestManager.ts";
import { FakeBackend } from "../testing/FakeBackend.ts";
import { seededRandom } from "../testing/seededRandom.ts";
import { VirtualClock } from "../testing/VirtualClock.ts";

const HOUR_MS = 3_600_000;

/** An hour without a backend, in which a pipeline reports at a steady pace; then it comes back. */
async function simulateOutage(updates: number) {
  const { manager, backend, clock, close } = createTestManager(
    { waitMs: 0 },
    { random: seededRandom(updates) },
  );
  backend.onRequest = () => (clock.monotonic() < HOUR_MS ? "refuse" : undefined);
  for (let update = 0; update < updates; update++) {
    await manager.updateVideoStatus(String(update % 10), "Downloading");
    await clock.advance(HOUR_MS / updates);
  }
  const duringOutage = backend.requests.length;
  // The pipeline goes on reporting.
  for (let elapsedMs = 0; elapsedMs < HOUR_MS; elapsedMs += 1000) {
    if (manager.stats().acknowledged > 0) break;
    if (elapsedMs % (HOUR_MS / updates) === 0) await manager.updateVideoStatus("1", "Downloading");
    await clock.advance(1000);
  }
  const recoveredAfterMs = clock.monotonic() - HOUR_MS;
  await clock.advance(1000);
  const { accepted, pending } = manager.stats();
  await close();
  return { duringOutage, total: backend.requests.length, recoveredAfterMs, accepted, pending };
}

describe("an outage of an hour, in virtual time", () => {
  it.each([24, 60, 360, 3600])(
    "costs at most 1.1 requests per update, delivery included, at %i updates",
    async (updates) => {
      const { total, accepted, pending } = await simulateOutage(updates);
      expect(pending).toBe(0);
      expect(total / accepted).toBeLessThanOrEqual(1.1);
    },
  );

  it("costs a pipeline that reports next to nothing at most 20 requests, and ends within 10 minutes", async () => {
    const { duringOutage, recoveredAfterMs } = await simulateOutage(2);
    expect(duringOutage).toBeLessThanOrEqual(20);
    expect(recoveredAfterMs).toBeLessThanOrEqual(600_000);
  });

  it("with steady traffic ends within about 2 minutes", async () => {
    const { recoveredAfterMs } = await simulateOutage(360);
    expect(recoveredAfterMs).toBeLessThanOrEqual(130_000);
  });
});

describe("1,000 clients whose backend comes back", () => {
  it("do not come back in the same second", async () => {
    const clock = new VirtualClock();
    const backend = new FakeBackend();
    const healedAt = 300_000;
    const perSecond = new Map<number, number>();
    backend.onRequest = () => {
      const second = Math.floor(clock.monotonic() / 1000);
      if (clock.monotonic() < healedAt) return "refuse";
      perSecond.set(second, (perSecond.get(second) ?? 0) + 1);
      return undefined;
    };
    const clients = Array.from({ length: 1000 }, (_, seed) =>
      createTestManager({ waitMs: 0 }, { clock, backend, random: seededRandom(seed) }),
    );
    // All in the same instant: the worst case.
    for (const { manager } of clients) await manager.updateVideoStatus("1", "Downloading");
    await clock.advance(healedAt + 610_000);
    expect(clients.every(({ manager }) => manager.stats().pending === 0)).toBe(true);
    // The mean, if all came back spread evenly over the usual cap of 30 s.
    expect(Math.max(...perSecond.values())).toBeLessThanOrEqual(1000 / 30);
    for (const { close } of clients) await close();
  });
});
