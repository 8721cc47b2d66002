import { describe, expect, test } from "vitest";

import { chartOf } from "./chart.ts";
import { sampleTable } from "./sampleTable.setup.ts";
import { TOO_NOISY } from "./table.ts";

const barsOf = (svg: string) =>
  [...svg.matchAll(/class="bar".*? width="(\d+)"/g)].map(([, width]) => Number(width));

const withValues = (values: readonly number[], isLogarithmic = false) => ({
  ...sampleTable(),
  rows: values.map((value) => ({
    name: `row ${value}`,
    cells: [null, { median: value, min: value, max: value }, null],
  })),
  chart: { column: "ms", isLogarithmic },
});

test("a bar is as long as its median is great", () => {
  const [one = 0, two = 0, four = 0] = barsOf(chartOf(withValues([1, 2, 4])));
  expect([Math.round(two / one), Math.round(four / one)]).toEqual([2, 4]);
});

test("on a scale of powers of ten each power is as long as the next", () => {
  const [one = 0, ten = 0, hundred = 0] = barsOf(chartOf(withValues([1, 10, 100], true)));
  expect(Math.abs(hundred - ten - (ten - one))).toBeLessThanOrEqual(1);
  expect(one).toBeGreaterThan(0);
});

test("each row is named with its figure, and only one that varied has a line for it", () => {
  const svg = chartOf(sampleTable());
  expect(svg).toContain(">ours<");
  expect(svg).toContain(">2.5 (1.25–1,234)<");
  expect(chartOf(withValues([3])).match(/class="range" d/g)).toBeNull();
  expect(svg.match(/class="range" d/g)).toHaveLength(2);
});

test("a bar begins further to the right where a name is long, and the longest name fits before it", () => {
  const named = (name: string) => {
    const table = withValues([1]);
    return chartOf({ ...table, rows: table.rows.map((row) => ({ ...row, name })) });
  };
  const leftOf = (svg: string) => Number(/class="bar" x="(\d+)"/.exec(svg)?.[1]);
  expect(leftOf(named("n".repeat(60)))).toBeGreaterThan(60 * 7);
  expect(leftOf(named("n"))).toBeLessThan(60);
});

test("a row without a figure is left out, and one that is too noisy", () => {
  const table = sampleTable();
  table.rows[0]!.cells[1] = null;
  table.rows[1]!.cells[1] = TOO_NOISY;
  expect(barsOf(chartOf(table))).toEqual([]);
});

test("nothing but zeros is drawn without a length", () => {
  expect(barsOf(chartOf(withValues([0, 0], true)))).toEqual([1, 1]);
});

describe("the file", () => {
  const svg = chartOf({ ...sampleTable(), title: "a < b & c" });

  test("escapes what XML reads", () => {
    expect(svg).toContain("a &lt; b &amp; c");
  });

  test("has colours for light and for dark, on a background of its own", () => {
    expect(svg).toContain("prefers-color-scheme: dark");
    expect(svg.match(/\.paper \{/g)).toHaveLength(2);
  });
});

test("a column that is not there is refused", () => {
  expect(() => chartOf({ ...sampleTable(), chart: { column: "none" } })).toThrow("no column none");
});
