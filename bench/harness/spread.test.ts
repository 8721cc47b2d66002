import { describe, expect, test } from "vitest";

import { median, percentile, spreadOf } from "./spread.ts";

test("a spread is the middle, the least and the greatest value, in whatever order they came", () => {
  expect(spreadOf([5, 1, 30, 2, 3])).toEqual({ median: 3, min: 1, max: 30 });
});

test("the median of an even number of values lies between the two in the middle", () => {
  expect(median([10, 1, 2, 4])).toBe(3);
});

test("numbers are ordered as numbers, not as text", () => {
  expect(median([100, 9, 20])).toBe(20);
});

test("a spread of nothing is refused", () => {
  expect(() => spreadOf([])).toThrow("no value");
});

describe("of the numbers 1 to 100", () => {
  const values = Array.from({ length: 100 }, (_, index) => 100 - index);

  test.each([
    [0, 1],
    [0.5, 50],
    [0.99, 99],
    [1, 100],
  ])("the percentile %f is %i", (share, value) => {
    expect(percentile(values, share)).toBe(value);
  });
});
