import { describe, expect, it } from "vitest";

import { readSettings } from "./settings.ts";

const GOOD = { ARTIFACT_BASE_URL: "https://files.example.com" };

describe("readSettings", () => {
  it("needs to know where the artifacts are served, and has defaults for the rest", () => {
    expect(readSettings(GOOD)).toEqual({ ...GOOD, ARTIFACT_DIR: "artifacts" });
    expect(() => readSettings({})).toThrow("ARTIFACT_BASE_URL is not set");
  });

  it("reads the run to continue", () => {
    const run = { id: "a", startedAt: 1 };
    expect(readSettings({ ...GOOD, PIPELINE_RUN: JSON.stringify(run) }).PIPELINE_RUN).toEqual(run);
  });

  it.each([
    ["ARTIFACT_BASE_URL", "files.example.com", "full URL"],
    ["ARTIFACT_DIR", "", "ARTIFACT_DIR"],
    ["PIPELINE_RUN", "{", "must be JSON"],
    ["PIPELINE_RUN", "{}", "PIPELINE_RUN"],
    ["PIPELINE_FAIL_ONCE", "banana", "is not a status"],
  ])("%s=%s is refused by name", (name, value, message) => {
    const read = () => readSettings({ ...GOOD, [name]: value });
    expect(read).toThrow(name);
    expect(read).toThrow(message);
  });
});
