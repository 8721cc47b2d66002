import { fileURLToPath } from "node:url";

import { describe, expect, it } from "vitest";

import { planVods } from "./plan.ts";

const COOKING = fileURLToPath(new URL("../../vods/cooking-souffle/", import.meta.url));

describe("planVods", () => {
  it("without folders it is the three of this repository: one fails once, one is cut off", async () => {
    const planned = await planVods([]);
    expect(planned).toHaveLength(3);
    expect(planned.map(({ mishap }) => mishap?.kind).sort()).toEqual([
      "backendCutOff",
      "stageFailsOnce",
      undefined,
    ]);
  });

  it("nothing goes wrong by intent with the user's own VODs", async () => {
    expect(await planVods([COOKING])).toMatchObject([{ name: "cooking-souffle", mishap: null }]);
  });

  it("the same VOD twice is refused", async () => {
    await expect(planVods([COOKING, COOKING])).rejects.toThrow("same VOD (2398441206)");
  });
});
