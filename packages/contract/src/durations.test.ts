import { expect, test } from "vitest";

import { formatDuration } from "./durations.ts";

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
