import type { VideoStatus } from "@klipstream/contract";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import {
  type Change,
  type ClockFault,
  MAX_DELAY_MS,
  type Step,
  type Way,
  World,
} from "./machines.setup";

const YEAR_MS = 365 * 24 * 60 * 60 * 1000;
const HOUR_MS = 60 * 60 * 1000;

const anyMachine = fc.integer({ min: 0, max: 2 });
const clock: fc.Arbitrary<ClockFault> = fc.record({
  aheadMs: fc.oneof(
    fc.constantFrom(0, 5_000, 60_000, -HOUR_MS, YEAR_MS, -YEAR_MS),
    fc.integer({ min: -YEAR_MS, max: YEAR_MS }),
  ),
  drift: fc.constantFrom(0, 1e-4, -1e-4),
});
const change: fc.Arbitrary<Change> = fc.oneof(
  // Few, so that a status is often repeated.
  {
    weight: 6,
    arbitrary: fc.record({ status: fc.constantFrom("Downloading", "Transcribing", "Completed") }),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      { urls: { chatUrl: "https://a.example/1" } },
      { urls: { chatUrl: "https://a.example/2" } },
    ),
  },
  { weight: 2, arbitrary: fc.constant({ rollBack: true as const, reason: "why" }) },
);
const kind = <K extends Step["do"]>(name: K) => fc.constant(name);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      ...{ do: kind("accept"), machine: anyMachine, change },
      atOnce: fc.boolean(),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      ...{ do: kind("send"), machine: anyMachine },
      delayMs: fc.integer({ min: 0, max: MAX_DELAY_MS }),
      fate: fc.constantFrom("answered", "answered", "answer lost", "lost"),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: kind("copy"), index: fc.nat({ max: 30 }) }) },
  { weight: 1, arbitrary: fc.record({ do: kind("give up"), machine: anyMachine }) },
  { weight: 1, arbitrary: fc.record({ do: kind("redrive"), machine: anyMachine }) },
  { weight: 1, arbitrary: fc.record({ do: kind("start over"), machine: anyMachine }) },
  {
    weight: 1,
    arbitrary: fc.record({
      ...{ do: kind("jump"), machine: anyMachine },
      byMs: fc.constantFrom(-HOUR_MS, -5_000, HOUR_MS),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: kind("wait"), ms: fc.integer({ min: 1, max: MAX_DELAY_MS }) }),
  },
);
const setting = fc.record({
  clocks: fc.tuple(clock, clock, clock),
  joins: fc.integer({ min: 0, max: 1 }),
});
const steps = fc.array(step, { minLength: 5, maxLength: 40 });

const RIGHT = { aheadMs: 0, drift: 0 };
const ahead = (aheadMs: number) => ({ aheadMs, drift: 0 });
const accept = (machine: number, some: Change): Step => ({
  ...{ do: "accept", machine, change: some },
  atOnce: true,
});
const send = (machine: number): Step => ({
  ...{ do: "send", machine, delayMs: 0 },
  fate: "answered",
});
/** An update that is taken, sent and answered. */
const report = (machine: number, some: Change): Step[] => [
  accept(machine, some),
  send(machine),
  { do: "wait", ms: 1 },
];
const copy = (index: number): Step => ({ do: "copy", index });
const urls = { urls: { chatUrl: "https://a.example/1" } };
const rollBack = { rollBack: true as const, reason: "why" };
const status = (value: VideoStatus) => ({ status: value });

const STORIES: [string, readonly ClockFault[], Step[]][] = [
  [
    "a second machine of a run, an hour behind",
    [RIGHT, RIGHT, ahead(-HOUR_MS)],
    [...report(0, status("Transcribing")), ...report(2, status("Analyzing"))],
  ],
  [
    "a newer run on a machine a minute behind",
    [RIGHT, ahead(-60_000), RIGHT],
    [...report(0, status("Transcribing")), ...report(1, status("Downloading"))],
  ],
  [
    "a newer run after one on a machine a year ahead",
    [ahead(YEAR_MS), RIGHT, RIGHT],
    [...report(0, status("Transcribing")), ...report(1, status("Downloading"))],
  ],
  [
    "a late copy of an update that was unchanged",
    [ahead(5_000), RIGHT, RIGHT],
    [
      ...report(0, status("Transcribing")),
      ...report(0, status("Transcribing")),
      ...report(0, status("Analyzing")),
      copy(1),
    ],
  ],
  [
    "a late copy of a rollback that was refused",
    [ahead(5_000), RIGHT, RIGHT],
    [...report(0, urls), ...report(0, rollBack), ...report(0, status("Completed")), copy(1)],
  ],
  [
    "a redriven dead letter of a machine a minute ahead",
    [ahead(60_000), RIGHT, RIGHT],
    [
      ...[accept(0, status("Downloading")), { do: "give up" as const, machine: 0 }],
      ...report(0, status("Completed")),
      ...[{ do: "redrive" as const, machine: 0 }, send(0)],
    ],
  ],
  [
    "a change that waited while a later one was confirmed",
    [RIGHT, RIGHT, RIGHT],
    [
      ...report(0, status("Transcribing")),
      ...report(2, status("Transcribing")),
      accept(2, status("Downloading")),
      ...report(0, status("Transcribing")),
      send(2),
    ],
  ],
];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
});
afterEach(() => {
  vi.useRealTimers();
});

const inEveryWorld = (way: Way) =>
  fc.asyncProperty(setting, steps, async (machines, story) => {
    const world = new World({ ...machines, way });
    await world.live(story);
    expect(world.broken).toEqual([]);
  });

describe("machines with clocks of their own", () => {
  test("cause no effect twice and none out of order, and the run that really started last decides the end", async () => {
    await fc.assert(inEveryWorld("ages"), { numRuns: 150 });
  });

  test("do break these promises where order is by times on their clocks: the test would see it", async () => {
    const told = await fc.check(inEveryWorld("clocks"), {
      numRuns: 100,
      seed: 1,
      endOnFailure: true,
    });
    expect(told.failed).toBe(true);
  });

  test.each(STORIES)("%s breaks nothing", async (_, clocks, story) => {
    const world = new World({ clocks, joins: 0, way: "ages" });
    await world.live(story);
    expect(world.broken).toEqual([]);
  });
});
