/** Opens an outbox, accepts updates, and sends what that took: a process of its own, so that its memory is the outbox's. */
import { ConvexManager } from "@klipstream/client";
import { SqliteStore } from "@klipstream/client/internals";

import { median } from "../harness/spread.ts";

/** What this program sends. Times in ms, memory in MB (1,000,000 bytes). */
export type OpenedOutbox = { openMs: number; acceptMs: number; memoryMb: number };

const UPDATES = 50;
/** Room for more than an outbox takes by default: it is full already. */
const BOUNDS = { maxEntries: 1_000_000, maxBytes: 2 ** 30 };

const [outboxPath = "", url = ""] = process.argv.slice(2);
const startedAt = performance.now();
const manager = new ConvexManager(
  { url, logLevel: "silent", outboxPath },
  { place: { env: {}, cwd: "/nonexistent" }, store: new SqliteStore(outboxPath, BOUNDS) },
);
const openMs = performance.now() - startedAt;
const times: number[] = [];
for (let update = 0; update < UPDATES; update++) {
  const calledAt = performance.now();
  await manager.updateVideoStatus(String(update + 1), "Downloading", { waitMs: 0 });
  times.push(performance.now() - calledAt);
}
const opened: OpenedOutbox = {
  openMs,
  acceptMs: median(times),
  memoryMb: process.memoryUsage.rss() / 1_000_000,
};
process.send?.(opened);
