import { expect, test } from "vitest";

import { formatAge, formatPosition } from "./format.ts";

test.each([
  [1_000, "just now"],
  [30_000, "30 s ago"],
  [3_599_000, "59 min ago"],
  [90_000_000, "1 d ago"],
])("%d ms old is %s", (ms, text) => {
  expect(formatAge(ms)).toBe(text);
});

test.each([
  [5, "0:05"],
  [3_723, "1:02:03"],
])("second %d is at %s", (seconds, text) => {
  expect(formatPosition(seconds)).toBe(text);
});
