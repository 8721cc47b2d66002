import { describe, expect, test } from "vitest";

import {
  type Experiment,
  type Mode,
  runExperiment,
  type Sample,
  shareOf,
  tableOf,
} from "./experiment.ts";
import { medianOf, type Table, TOO_NOISY } from "./table.ts";

const MODE: Mode = { rounds: 3, budgetShare: 1, limitMs: 60_000, size: (full) => full };
const STEADY = { processor: [1, 1, 1] };

const experiment = (changes: Partial<Experiment> = {}): Experiment => ({
  name: "sample",
  title: "A sample",
  method: "Made up.",
  rowTitle: "client",
  columns: [
    { name: "ms" },
    { name: "ratio", ratioOf: "ms", to: (row) => (row === "ours" ? "theirs" : undefined) },
  ],
  chart: { column: "ms" },
  controls: ["processor"],
  budgetMs: 60_000,
  start: () =>
    Promise.resolve({ round: () => Promise.resolve({}), close: () => Promise.resolve() }),
  ...changes,
});

const samples: Sample[] = [
  { ours: { ms: 1 }, theirs: { ms: 2 } },
  { ours: { ms: 3 }, theirs: { ms: 30 } },
  { ours: { ms: 2 }, theirs: { ms: 8 } },
];
const measured = { samples, mode: MODE, wanted: 3, controls: STEADY };

describe("a table", () => {
  test("sums up each figure over the rounds, and each round's own ratio", () => {
    expect(tableOf(experiment(), measured).rows).toEqual([
      {
        name: "ours",
        cells: [
          { median: 2, min: 1, max: 3 },
          { median: 0.25, min: 0.1, max: 0.5 },
        ],
      },
      { name: "theirs", cells: [{ median: 8, min: 2, max: 30 }, null] },
    ]);
  });

  test("has the headline that its figures give", () => {
    const headline = (table: Table) => `${medianOf(table, "ours", "ratio")} of theirs`;
    expect(tableOf(experiment({ headline }), measured).headline).toBe("0.25 of theirs");
  });

  test("says that it is too noisy in place of a ratio, keeps the figures and has no headline of a ratio", () => {
    const headline = (table: Table) => medianOf(table, "ours", "ratio")?.toFixed(1) ?? null;
    const table = tableOf(experiment({ headline }), {
      ...measured,
      controls: { processor: [1, 9, 9] },
    });
    expect(table.rows[0]?.cells).toEqual([{ median: 2, min: 1, max: 3 }, TOO_NOISY]);
    expect(table.headline).toBeNull();
  });

  test("has no cell for a figure that no round brought", () => {
    const table = tableOf(experiment({ columns: [{ name: "bytes" }] }), measured);
    expect(table.rows[0]?.cells).toEqual([null]);
  });
});

describe("the share of its budget that an experiment may have", () => {
  const two = [{ budgetMs: 10_000 }, { budgetMs: 30_000 }];

  test("is all of it while there is time", () => {
    expect(shareOf(600_000, two)).toBe(1);
  });

  test("leaves time for those that follow, and to start and end", () => {
    expect(shareOf(32_000, two)).toBe(0.5);
  });

  test("is nothing once the time is over", () => {
    expect(shareOf(-1, two)).toBe(0);
  });
});

describe("a run", () => {
  test("takes a control in every round, and closes what was started", async () => {
    let closed = 0;
    let rounds = 0;
    const table = await runExperiment(
      experiment({
        start: () =>
          Promise.resolve({
            round: () => Promise.resolve({ ours: { ms: ++rounds } }),
            close: () => Promise.resolve(closed++),
          }),
      }),
      MODE,
    );
    expect(table.rounds).toEqual({ done: 3, wanted: 3 });
    expect(table.control?.spreads).toHaveProperty("processor");
    expect(closed).toBe(1);
  });

  test("that is out of time makes one round, and tells how many were wanted", async () => {
    const table = await runExperiment(experiment({ budgetMs: 0 }), MODE);
    expect(table.rounds).toEqual({ done: 1, wanted: 3 });
  });

  test("that hangs is given up, and closed as well", async () => {
    let closed = 0;
    const running = runExperiment(
      experiment({
        start: () =>
          Promise.resolve({
            round: () => new Promise<never>(() => undefined),
            close: () => Promise.resolve(closed++),
          }),
      }),
      { ...MODE, limitMs: 1 },
    );
    await expect(running).rejects.toThrow("not done after 1 ms");
    expect(closed).toBe(1);
  });

  test("that fails is closed as well", async () => {
    let closed = 0;
    const running = runExperiment(
      experiment({
        start: () =>
          Promise.resolve({
            round: () => Promise.reject(new Error("broken")),
            close: () => Promise.resolve(closed++),
          }),
      }),
      MODE,
    );
    await expect(running).rejects.toThrow("broken");
    expect(closed).toBe(1);
  });
});
