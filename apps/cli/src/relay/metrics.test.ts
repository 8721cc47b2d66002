import type { RelayManager } from "@klipstream/client";
import { describe, expect, test } from "vitest";

import { createMetrics } from "./metrics.ts";

const NOW = 1_800_000_000_000;
const EMPTY = { accepted: 0, acknowledged: 0, pending: 0, deadLettered: 0, oldestAcceptedAt: null };

function createMetered(stats: object = EMPTY) {
  const books = { now: stats, reads: 0, state: "open" };
  const manager = {
    stats: () => {
      books.reads += 1;
      return books.now;
    },
    get backendState() {
      return books.state;
    },
  };
  const metrics = createMetrics(manager as unknown as RelayManager, () => NOW);
  return { books, metrics };
}

describe("the metrics", () => {
  test("say the outbox's books of the moment in which they are asked for", async () => {
    const { books, metrics } = createMetered();
    expect(await metrics.text()).toContain("\nklipstream_outbox_accepted 0\n");
    books.now = { accepted: 9, acknowledged: 5, pending: 3, deadLettered: 1 };
    const text = await metrics.text();
    for (const line of ["accepted 9", "acknowledged 5", "pending 3", "dead_letters 1"])
      expect(text).toContain(`\nklipstream_outbox_${line}\n`);
  });

  test("read the books once for an answer, so that they balance", async () => {
    const { books, metrics } = createMetered();
    const before = books.reads;
    await metrics.text();
    expect(books.reads - before).toBe(1);
  });

  test.each([
    ["in seconds", NOW - 2500, 2.5],
    ["as 0 where nothing waits", null, 0],
    ["as 0 where the clock went back", NOW + 1000, 0],
  ])("say the age of what waits longest %s", async (_name, oldestAcceptedAt, seconds) => {
    const { metrics } = createMetered({ ...EMPTY, oldestAcceptedAt });
    const line = `\nklipstream_outbox_oldest_pending_age_seconds ${seconds}\n`;
    expect(await metrics.text()).toContain(line);
  });

  test("name the one state that the way to the backend is in", async () => {
    const { books, metrics } = createMetered();
    await metrics.text();
    books.state = "away";
    const states = (await metrics.text()).match(/^klipstream_backend_state\{.*$/gm);
    expect(states).toEqual(['klipstream_backend_state{state="away"} 1']);
  });

  test("count requests and their times by route and status", async () => {
    const { metrics } = createMetered();
    metrics.observe({ route: "video:updateUrls", httpStatus: 200 }, 0.004);
    metrics.observe({ route: "video:updateUrls", httpStatus: 503 }, 2);
    const text = await metrics.text();
    const name = "klipstream_relay_request_duration_seconds";
    const of = (status: number) => `route="video:updateUrls",status="${status}"`;
    expect(text).toContain(`${name}_bucket{le="0.0025",${of(200)}} 0\n`);
    expect(text).toContain(`${name}_bucket{le="0.005",${of(200)}} 1\n`);
    expect(text).toContain(`${name}_count{${of(503)}} 1\n`);
  });

  test("of an outbox that cannot be read are an error, not old figures", () => {
    const { books, metrics } = createMetered();
    Object.defineProperty(books, "now", {
      get: () => {
        throw new Error("disk I/O error");
      },
    });
    expect(() => metrics.text()).toThrow("disk I/O error");
  });

  test("are in Prometheus' text format", () => {
    expect(createMetered().metrics.contentType).toMatch(/^text\/plain; version=0\.0\.4/);
  });
});
