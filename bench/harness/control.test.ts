import { describe, expect, test } from "vitest";

import { judgeControls, LIMITS, timeDisk, timeProcessor } from "./control.ts";

const STEADY = Array.from({ length: 10 }, (_, round) => 1 + round / 100);

describe("the noise rule", () => {
  test("takes a control that hardly varies", () => {
    expect(judgeControls({ processor: STEADY, disk: STEADY }).isTooNoisy).toBe(false);
  });

  test("says how much each control varied", () => {
    expect(judgeControls({ processor: STEADY }).spreads).toEqual({ processor: 1.08 });
  });

  test("forgives one round of ten", () => {
    expect(judgeControls({ processor: [...STEADY.slice(1), 50] }).isTooNoisy).toBe(false);
  });

  test("does not forgive two", () => {
    expect(judgeControls({ processor: [...STEADY.slice(2), 50, 50] }).isTooNoisy).toBe(true);
  });

  test("allows the limit itself and nothing over it", () => {
    expect(judgeControls({ disk: [1, 1, LIMITS.disk] }).isTooNoisy).toBe(false);
    expect(judgeControls({ disk: [1, 1, LIMITS.disk + 0.01] }).isTooNoisy).toBe(true);
  });

  test("refuses a ratio where one control of two varies", () => {
    expect(judgeControls({ processor: STEADY, disk: [1, 1, 9] }).isTooNoisy).toBe(true);
  });

  test("refuses a ratio of fewer than three rounds", () => {
    expect(judgeControls({ processor: [] }).isTooNoisy).toBe(true);
    expect(judgeControls({ processor: [1, 1] }).isTooNoisy).toBe(true);
    expect(judgeControls({ processor: [1, 1, 1] }).isTooNoisy).toBe(false);
  });
});

test("both controls take time, and the disk's as many writes as were asked for", () => {
  expect(timeProcessor()).toBeGreaterThan(0);
  expect(timeDisk(3).filter((ms) => ms > 0)).toHaveLength(3);
});
