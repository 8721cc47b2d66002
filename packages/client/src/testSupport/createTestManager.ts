import type { ManagerOptions } from "../config/options.ts";
import type { ManagerAmbient } from "../manager/LiveCore.ts";
import { ConvexManager } from "../manager/ConvexManager.ts";
import { MemoryStore } from "../outbox/memoryStore.ts";
import { FakeBackend } from "./FakeBackend.ts";
import { VirtualClock } from "./VirtualClock.ts";

export type LogLine = Record<string, unknown> & { event: string; message: string };

const URL = "https://test.example";

/** A manager over a fake backend, a store in memory and a clock that the test turns. */
export function createTestManager(
  options: ManagerOptions = {},
  ambient: Pick<ManagerAmbient, "store" | "onStep"> = {},
) {
  const backend = new FakeBackend();
  const clock = new VirtualClock();
  const store = ambient.store ?? new MemoryStore();
  const lines: LogLine[] = [];
  const write = (fields: Record<string, unknown>, message: string) =>
    void lines.push({ ...fields, message } as LogLine);
  const logger = { debug: write, info: write, warn: write, error: write };
  const manager = new ConvexManager(
    { url: URL, logger, ...options },
    {
      clock,
      random: () => 0,
      fetch: backend.fetch,
      place: { env: {}, cwd: "/nonexistent" },
      ...ambient,
      store,
    },
  );
  const close = async () => {
    const closing = manager.close({ timeoutMs: 0 });
    await clock.advance(100);
    await closing;
  };
  return { manager, backend, clock, store, lines, url: URL, close };
}
