import { describe, expect, it } from "vitest";

import { MemoryStore } from "../outbox/MemoryStore.ts";
import { createTestManager } from "../testing/createTestManager.ts";
import { settle } from "../testing/VirtualClock.ts";

describe("close", () => {
  it("gives everything back where the outbox cannot be read any more, and says why", async () => {
    const store = new MemoryStore();
    let isClosed = false;
    store.close = () => void (isClosed = true);
    const { manager, backend, clock } = createTestManager({ waitMs: 0 }, { store });
    backend.onRequest = () => "refuse";
    await manager.updateVideoStatus("1", "Downloading");
    store.stats = () => {
      throw new Error("the disk is gone");
    };
    await expect(manager.close({ timeoutMs: 0 })).rejects.toThrow("the disk is gone");
    expect(isClosed).toBe(true);
    const before = backend.requests.length;
    await clock.advance(60_000);
    expect(backend.requests).toHaveLength(before);
  });

  it("ends the requests under way, so that nothing keeps the process alive", async () => {
    const { manager, backend, clock, lines, close } = createTestManager({ waitMs: 0 });
    backend.onRequest = () => "hang";
    await manager.updateVideoStatus("1", "Downloading");
    const asked = manager.getVideo("2").catch((error: unknown) => error);
    await settle();
    expect(backend.requests).toHaveLength(2);
    await close();
    expect(String(await asked)).toMatch(/manager is closed/);
    expect(clock.timersCount).toBe(0);
    expect(lines.map(({ event }) => event)).not.toContain("update.dead_lettered");
  });
});
