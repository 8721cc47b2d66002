import { describe, expect, test } from "vitest";

import type { Progress } from "../backend/api.ts";
import { stagePercent, videoPercent } from "./progress.ts";
import { stepOf } from "./StageStepper.tsx";

const progress = (heartbeatAt: number) => ({ percent: 50, heartbeatAt }) as Progress;
const transcribing = { status: "Transcribing", statusChangedAt: 100 } as const;
const failed = {
  status: "Failed",
  statusChangedAt: 300,
  failure: { during: "Transcribing", at: 300 },
} as const;

describe("the progress of a stage", () => {
  test("counts from the stage's beginning on", () => {
    expect(stagePercent(transcribing, progress(150))).toBe(50);
    expect(stagePercent(transcribing, progress(90))).toBeNull();
    expect(stagePercent(transcribing, undefined)).toBeNull();
  });

  test("of a failed video is that of the stage it failed in", () => {
    expect(stagePercent(failed, progress(200))).toBe(50);
    expect(videoPercent(failed, 50)).toBe(50);
  });

  test("of a video without a stage is none", () => {
    expect(stagePercent({ status: "Completed", statusChangedAt: 1 }, progress(2))).toBeNull();
    expect(videoPercent({ status: "Completed" }, null)).toBe(100);
  });
});

describe("the steps", () => {
  const steps = (video: Parameters<typeof stepOf>[0]) =>
    [0, 1, 2, 3, 4].map((at) => stepOf(video, at));

  test.each([
    [{ status: "Queued" }, "ahead ahead ahead ahead ahead"],
    [transcribing, "done done current ahead ahead"],
    [{ ...transcribing, stalledSince: 1 }, "done done stalled ahead ahead"],
    [failed, "done done failed ahead ahead"],
    [{ status: "Completed" }, "done done done done done"],
  ] as const)("of %j are %s", (video, expected) => {
    expect(steps(video).join(" ")).toBe(expected);
  });
});
