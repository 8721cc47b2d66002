import { afterEach } from "vitest";

import type { ManagerOptions } from "../config/options.ts";
import type { ManagerAmbient } from "../manager/connectToBackend.ts";
import { ConvexManager } from "../manager/ConvexManager.ts";
import { MemoryStore } from "../outbox/MemoryStore.ts";
import { FakeBackend } from "./FakeBackend.ts";
import { VirtualClock } from "./VirtualClock.ts";

export type LogLine = Record<string, unknown> & { event: string; message: string };

export const URL = "https://test.example";

/** A manager over a fake backend, a store in memory and a clock that the test turns. */
export function createTestManager(
  options: ManagerOptions = {},
  ambient: Pick<ManagerAmbient, "store" | "onStep" | "random" | "clock"> & {
    backend?: FakeBackend;
  } = {},
) {
  const { backend = new FakeBackend(), ...replaced } = ambient;
  const clock = ambient.clock instanceof VirtualClock ? ambient.clock : new VirtualClock();
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
      ...replaced,
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

/** Test managers that are closed after each test, with a short way to report. */
export function useTestManagers() {
  const open: { close: () => Promise<unknown> }[] = [];
  afterEach(async () => {
    for (const { close } of open.splice(0)) await close();
  });
  return (...[options, ambient]: Parameters<typeof createTestManager>) => {
    const parts = createTestManager({ waitMs: 0, ...options }, ambient);
    open.push(parts);
    let count = 0;
    /** Reports a status; the update ids are u1, u2, ... */
    const update = (twitchId: string) => {
      count += 1;
      return parts.manager.updateVideoStatus(twitchId, "Downloading", { updateId: `u${count}` });
    };
    return { ...parts, update };
  };
}
