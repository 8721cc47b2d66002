import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { CronJob } from "../push/pushFormats.ts";
import { Crons } from "./crons.ts";

let ran: string[] = [];
let crons: Crons;
beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 10, 24, 10, 30, 15) });
  ran = [];
  crons = new Crons((job) => {
    ran.push(`${job.name} ${new Date().toISOString().slice(8, 19)}`);
    return Promise.resolve();
  });
});
afterEach(() => {
  crons.close();
  vi.useRealTimers();
});

const job = (name: string, schedule: CronJob["schedule"]): CronJob => ({
  name,
  component: "",
  function: "jobs:run",
  args: [],
  schedule,
});
const HOUR_MS = 3_600_000;

describe("the crons of a deployment", () => {
  it("run an interval at once, and then in its rhythm", async () => {
    crons.set([job("often", { type: "interval", minutes: 30 })]);
    await vi.advanceTimersByTimeAsync(HOUR_MS);
    expect(ran).toEqual(["often 24T10:30:15", "often 24T11:00:15", "often 24T11:30:15"]);
  });

  it("run what has a time of day at that time, day after day", async () => {
    crons.set([job("nightly", { type: "daily", hourUTC: 3, minuteUTC: 5 })]);
    await vi.advanceTimersByTimeAsync(72 * HOUR_MS);
    expect(ran).toEqual(["nightly 25T03:05:00", "nightly 26T03:05:00", "nightly 27T03:05:00"]);
  });

  it("wait longer than a timer of Node's can", async () => {
    crons.set([job("leap", { type: "cron", cron: "0 0 29 2 *" })]);
    await vi.advanceTimersByTimeAsync(Date.UTC(2028, 1, 29) - Date.now());
    expect(ran).toEqual(["leap 29T00:00:00"]);
  });

  it("keep their rhythm when they are deployed again unchanged, and begin anew when they are not", async () => {
    crons.set([job("a", { type: "interval", hours: 1 })]);
    await vi.advanceTimersByTimeAsync(HOUR_MS / 2);
    crons.set([job("a", { type: "interval", hours: 1 })]);
    await vi.advanceTimersByTimeAsync(HOUR_MS / 4);
    expect(ran).toHaveLength(1);
    crons.set([job("a", { type: "interval", hours: 2 })]);
    await vi.advanceTimersByTimeAsync(0);
    expect(ran).toHaveLength(2);
    crons.set([]);
    await vi.advanceTimersByTimeAsync(10 * HOUR_MS);
    expect(ran).toHaveLength(2);
  });
});
