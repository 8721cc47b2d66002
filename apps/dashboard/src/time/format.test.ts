import { expect, test } from "vitest";

import { formatAge, formatDuration, formatPosition } from "./format.ts";

test.each([
  [0, "0 s"],
  [-5, "0 s"],
  [12_000, "12 s"],
  [65_000, "1 min 5 s"],
  [7_500_000, "2 h 5 min"],
  [273_600_000, "3 d 4 h"],
])("%d ms are %s", (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

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
