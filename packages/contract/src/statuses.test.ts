import fc from "fast-check";
import { describe, expect, test } from "vitest";

import * as contract from "./index.ts";
import { runPercent, STATUS_SHARE_PERCENT, VIDEO_STATUSES, videoStatusSchema } from "./index.ts";

describe("the statuses", () => {
  test("are these eight, spelt and ordered exactly so", () => {
    expect(VIDEO_STATUSES).toEqual([
      "Queued",
      "Downloading",
      "Fetching chat",
      "Transcribing",
      "Analyzing",
      "Finding highlights",
      "Completed",
      "Failed",
    ]);
  });

  test("each have a constant named after them", () => {
    const constants = Object.entries(contract).filter(
      ([name]) => name.startsWith("STATUS_") && name !== "STATUS_SHARE_PERCENT",
    );
    expect(Object.fromEntries(constants)).toEqual(
      Object.fromEntries(
        VIDEO_STATUSES.map((each) => [`STATUS_${each.toUpperCase().replace(" ", "_")}`, each]),
      ),
    );
  });

  test.each(["banana", "queued", "Fetching Chat", "", null, 7])(
    "%j is refused with a message that lists the eight",
    (value) => {
      const message = videoStatusSchema.safeParse(value).error?.issues[0]?.message ?? "";
      expect(message).toContain(JSON.stringify(value));
      for (const each of VIDEO_STATUSES) expect(message).toContain(`"${each}"`);
    },
  );
});

test("the refusal of a long text repeats only its beginning", () => {
  const message = videoStatusSchema.safeParse("x".repeat(10_000)).error?.issues[0]?.message ?? "";
  expect(message.length).toBeLessThan(250);
});

describe("runPercent", () => {
  test("the shares of all statuses make a whole run", () => {
    const shares: number[] = Object.values(STATUS_SHARE_PERCENT);
    expect(shares.reduce((sum, share) => sum + share, 0)).toBe(100);
  });

  test("is 0 to 100, and never falls from status to status or within one", () => {
    const working = VIDEO_STATUSES.filter((each) => each !== "Failed");
    const points = working.flatMap((each) => [0, 50, 100].map((part) => runPercent(each, part)));
    expect(points).toEqual([...points].sort((a, b) => a - b));
    expect([points[0], points.at(-1)]).toEqual([0, 100]);
  });

  test("takes a stage's percent that is out of range as its nearest bound", () => {
    fc.assert(
      fc.property(fc.constantFrom(...VIDEO_STATUSES), fc.double({ noNaN: true }), (each, part) => {
        const percent = runPercent(each, part);
        expect(percent).toBeGreaterThanOrEqual(0);
        expect(percent).toBeLessThanOrEqual(100);
      }),
    );
  });
});
