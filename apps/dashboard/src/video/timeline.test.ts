import type { VideoStatus } from "@klipstream/contract";
import { describe, expect, test } from "vitest";

import type { VideoEvent } from "../backend/api.ts";
import { buildTimeline, timeTicks } from "./timeline.ts";

const MINUTE = 60_000;
let count = 0;

function event(minute: number, fields: Partial<VideoEvent>): VideoEvent {
  count += 1;
  return {
    _id: `event${count}` as VideoEvent["_id"],
    kind: "updated",
    actor: "raw-1",
    applied: true,
    occurredAt: minute * MINUTE,
    receivedAt: minute * MINUTE + 200,
    ...fields,
  };
}

const change = (
  minute: number,
  [from, to]: [VideoStatus, VideoStatus],
  fields: Partial<VideoEvent> = {},
) => event(minute, { from, to, ...fields });

const bars = (events: VideoEvent[], now = 100) =>
  buildTimeline(events, now * MINUTE).bars.map(({ status, attempt, from, to, ending, reason }) => ({
    ...{ status, attempt, from: from / MINUTE, to: to === null ? null : to / MINUTE, ending },
    ...(reason !== undefined && { reason }),
  }));

describe("a timeline", () => {
  test("has a bar for each stage, the last of which goes on", () => {
    expect(
      bars([
        event(0, { kind: "created", to: "Queued" }),
        change(5, ["Queued", "Downloading"]),
        change(25, ["Downloading", "Transcribing"]),
      ]),
    ).toEqual([
      { status: "Queued", attempt: null, from: 0, to: 5, ending: "done" },
      { status: "Downloading", attempt: 1, from: 5, to: 25, ending: "done" },
      { status: "Transcribing", attempt: 1, from: 25, to: null, ending: "ongoing" },
    ]);
  });

  test("numbers the attempts of a stage, and tells waiting after a rollback from work", () => {
    expect(
      bars([
        change(0, ["Queued", "Downloading"]),
        change(10, ["Downloading", "Transcribing"]),
        event(20, {
          kind: "rolledBack",
          from: "Transcribing",
          to: "Downloading",
          reason: "disk full",
        }),
        change(30, ["Downloading", "Transcribing"]),
        change(40, ["Transcribing", "Failed"], { reason: "no memory" }),
      ]).slice(1),
    ).toEqual([
      {
        status: "Transcribing",
        attempt: 1,
        from: 10,
        to: 20,
        ending: "rolledBack",
        reason: "disk full",
      },
      { status: "Downloading", attempt: null, from: 20, to: 30, ending: "done" },
      {
        status: "Transcribing",
        attempt: 2,
        from: 30,
        to: 40,
        ending: "failed",
        reason: "no memory",
      },
    ]);
  });

  test("marks what arrived late with when it arrived", () => {
    const late = change(2, ["Queued", "Downloading"], { receivedAt: 31 * MINUTE });
    const {
      bars: [bar],
      to,
    } = buildTimeline([late], 3 * MINUTE);
    expect(bar?.arrivedAt).toBe(31 * MINUTE);
    expect(to).toBe(31 * MINUTE);
  });

  test("keeps superseded updates and files apart from the bars", () => {
    const {
      bars: none,
      files,
      superseded,
    } = buildTimeline(
      [
        event(1, { urls: { chatUrl: "gs://b/chat.csv" } }),
        event(2, { to: "Analyzing", applied: false }),
      ],
      3 * MINUTE,
    );
    expect(none).toEqual([]);
    expect(files.map(({ what }) => what)).toEqual(["chatUrl"]);
    expect(superseded.map(({ what }) => what)).toEqual(["Analyzing"]);
  });

  test("never ends a bar before it began, whatever the reporters' clocks say", () => {
    const found = bars([
      change(10, ["Queued", "Downloading"]),
      change(4, ["Downloading", "Analyzing"]),
    ]);
    expect(found[0]).toMatchObject({ from: 10, to: 10 });
  });

  test("ends with completion", () => {
    const found = bars([change(1, ["Queued", "Analyzing"]), change(9, ["Analyzing", "Completed"])]);
    expect(found).toEqual([{ status: "Analyzing", attempt: 1, from: 1, to: 9, ending: "done" }]);
  });
});

describe("the axis", () => {
  test.each([3, 45, 600, 5_000, 90_000, 2_000_000])(
    "of %d seconds has 1 to 7 round times",
    (seconds) => {
      const ticks = timeTicks(1_000, 1_000 + seconds * 1000);
      expect(ticks.length).toBeGreaterThanOrEqual(1);
      expect(ticks.length).toBeLessThanOrEqual(7);
      for (const tick of ticks) expect(tick % 1_000).toBe(0);
    },
  );

  test("of no time at all has at most one", () => {
    expect(timeTicks(5, 5).length).toBeLessThanOrEqual(1);
  });
});
