import { describe, expect, it } from "vitest";

import { nextRun, scheduleProblem, type CronSchedule } from "./cronSchedule.ts";

// A Tuesday.
const NOW = Date.UTC(2026, 10, 24, 10, 30, 15);
const next = (schedule: CronSchedule, after = NOW) => {
  const at = nextRun(schedule, after);
  return at === null ? null : new Date(at).toISOString();
};

describe("the next run", () => {
  const cases: [CronSchedule, string][] = [
    [{ type: "hourly", minuteUTC: 45 }, "2026-11-24T10:45:00.000Z"],
    [{ type: "hourly", minuteUTC: 30 }, "2026-11-24T11:30:00.000Z"],
    [{ type: "hourly" }, "2026-11-24T11:00:00.000Z"],
    [{ type: "daily", hourUTC: 10, minuteUTC: 30 }, "2026-11-25T10:30:00.000Z"],
    [{ type: "daily", hourUTC: 23 }, "2026-11-24T23:00:00.000Z"],
    [{ type: "weekly", dayOfWeek: "monday", hourUTC: 9, minuteUTC: 5 }, "2026-11-30T09:05:00.000Z"],
    [{ type: "weekly", dayOfWeek: "sunday", hourUTC: 0, minuteUTC: 0 }, "2026-11-29T00:00:00.000Z"],
    [{ type: "monthly", day: 31, hourUTC: 6, minuteUTC: 0 }, "2026-12-31T06:00:00.000Z"],
    [{ type: "cron", cron: "*/20 * * * *" }, "2026-11-24T10:40:00.000Z"],
    [{ type: "cron", cron: "0 16 1 * *" }, "2026-12-01T16:00:00.000Z"],
    [{ type: "cron", cron: "15 4 * JAN-MAR 0,6" }, "2027-01-02T04:15:00.000Z"],
    [{ type: "cron", cron: "0 12 L * *" }, "2026-11-30T12:00:00.000Z"],
    [{ type: "cron", cron: "0 0 29 2 *" }, "2028-02-29T00:00:00.000Z"],
  ];
  it.each(cases)("of %j is in UTC, and later than now", (schedule, expected) => {
    expect(next(schedule)).toBe(expected);
  });

  it("of a day that there is not is never", () => {
    expect(next({ type: "cron", cron: "0 0 31 2 *" })).toBeNull();
  });

  it("follows a run that was exactly on time", () => {
    const first = nextRun({ type: "daily", hourUTC: 12, minuteUTC: 0 }, NOW) ?? 0;
    expect(next({ type: "daily", hourUTC: 12, minuteUTC: 0 }, first)).toBe(
      "2026-11-25T12:00:00.000Z",
    );
  });
});

describe("a schedule", () => {
  it.each(["* * * * *", "0 0 1-7 * 1", "59 23 31 12 7"])("may be %j", (cron) => {
    expect(scheduleProblem({ type: "cron", cron })).toBeNull();
  });

  it.each(["every day", "60 * * * *", "* * * *", "* * * * * *", "* * 32 * *"])(
    "may not be %j",
    (cron) => {
      expect(scheduleProblem({ type: "cron", cron })).toContain(cron);
    },
  );

  it("that is an interval needs no expression", () => {
    expect(scheduleProblem({ type: "interval", seconds: 5 })).toBeNull();
  });
});
