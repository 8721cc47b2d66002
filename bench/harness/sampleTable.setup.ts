import type { Table } from "./table.ts";

/** A small table for the tests of what is done with tables. */
export function sampleTable(): Table {
  const same = (value: number) => ({ median: value, min: value, max: value });
  return {
    name: "sample",
    title: "A sample",
    method: "Made up.",
    rowTitle: "client",
    columns: ["requests", "ms", "ratio"],
    rows: [
      {
        name: "ours",
        cells: [
          same(12),
          { median: 2.5, min: 1.25, max: 1234 },
          { median: 0.5, min: 0.4, max: 0.6 },
        ],
      },
      { name: "theirs", cells: [same(36), { median: 5, min: 4, max: 6 }, null] },
    ],
    chart: { column: "ms" },
    rounds: { done: 10, wanted: 10 },
    control: { spreads: { processor: 1.1 }, isTooNoisy: false },
    headline: "Half the time.",
  };
}
