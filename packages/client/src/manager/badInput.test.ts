import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { InvalidInputError } from "../errors.ts";
import { useTestManagers } from "../testing/createTestManager.ts";
import { settle } from "../testing/VirtualClock.ts";
import type { PipelineManager } from "./Manager.ts";
import type { PipelineProgress, UpdateOptions, UpdateResult } from "./update.ts";

const setUp = useTestManagers();

const cyclic: Record<string, unknown> = {};
cyclic.self = cyclic;
const throwing = Object.defineProperty({}, "status", {
  enumerable: true,
  get: () => {
    throw new Error("no");
  },
});

/** What no method takes for an id, a status, URLs or an option. */
const ODD: [string, unknown][] = [
  ["a symbol", Symbol("s")],
  ["a function", () => undefined],
  ["a bigint", 10n],
  ["an object that holds itself", cyclic],
  ["an object without a prototype", Object.create(null)],
  ["a getter that throws", throwing],
  ["a number", 7],
  ["null", null],
  ["a list", ["1"]],
  ["a date", new Date(0)],
];

/** Whatever a program without types may give. */
const odd = fc.oneof(
  fc.constantFrom(...ODD.map(([, value]) => value)),
  fc.anything({ withBigInt: true, withNullPrototype: true, withDate: true, withMap: true }),
);

describe.each(ODD)("%s", (_name, value) => {
  const text = value as string;
  it.each<[string, (manager: PipelineManager) => Promise<UpdateResult>]>([
    ["a Twitch ID", (manager) => manager.updateVideoStatus(text, "Queued")],
    ["a Twitch ID to roll back", (manager) => manager.rollbackStatus(text)],
    ["a status", (manager) => manager.updateVideoStatus("1", value as "Queued")],
    ["URLs", (manager) => manager.updateVideoUrls("1", value as object)],
    ["a URL", (manager) => manager.updateVideoUrls("1", { chatUrl: text })],
    ["progress", (manager) => manager.updatePipelineProgress("1", value as object)],
    ["an updateId", (manager) => manager.updateVideoStatus("1", "Queued", { updateId: text })],
    ["an updateId to roll back", (manager) => manager.rollbackStatus("1", { updateId: text })],
    ["a run", (manager) => manager.updateVideoStatus("1", "Queued", { run: value as never })],
    ["a reason", (manager) => manager.updateVideoStatus("1", "Queued", { reason: text })],
    [
      "a run that is continued",
      (manager) => manager.startRun("1", value as never).rollbackStatus(),
    ],
  ])("is refused as %s, with INVALID_ARGUMENT", async (place, call) => {
    // A run that is null is a new one.
    if (value === null && place.startsWith("a run that")) return;
    const { manager, backend } = setUp();
    const result = await call(manager);
    expect(result).toMatchObject({ outcome: "rejected", error: { code: "INVALID_ARGUMENT" } });
    expect(backend.requests).toEqual([]);
  });
});

describe("whatever a method is given", () => {
  it("it resolves, to a rejection with INVALID_ARGUMENT unless it is right, and never throws", async () => {
    const { manager } = setUp();
    const property = fc.asyncProperty(fc.tuple(odd, odd, odd, odd), async (given) => {
      const [id, first, second, third] = given;
      const options = first as UpdateOptions;
      const results = [
        await manager.updateVideoStatus(id as string, second as "Queued", options),
        await manager.updateVideoUrls(id as string, second as object, options),
        await manager.updatePipelineProgress(id as string, second as PipelineProgress, options),
        await manager.rollbackStatus(id as string, options),
        await manager.updateVideoStatus("1", "Queued", {
          updateId: second as string,
          run: third as never,
        }),
      ];
      manager.reportProgress(id as string, second as number, third as string);
      for (const result of results)
        if (!result.ok) expect(result.error).toBeInstanceOf(InvalidInputError);
      expect(results.slice(0, 3).every(({ ok }) => !ok)).toBe(true);
    });
    await fc.assert(property, { numRuns: 500 });
  });
});

describe("an update", () => {
  it("never goes to another video than the one that is named first", async () => {
    const { manager, backend } = setUp();
    const progress = { twitchId: "2", status: "Completed" } as PipelineProgress;
    const result = await manager.updatePipelineProgress("1", progress);
    await settle();
    expect(result).toMatchObject({ outcome: "rejected", twitchId: "1" });
    expect(!result.ok && result.error.message).toContain("twitchId");
    expect(backend.requests).toEqual([]);
  });

  it.each([NaN, -1, 1e12, Infinity])("is refused with a waitMs of %d", async (waitMs) => {
    const { manager } = setUp();
    const result = await manager.updateVideoStatus("1", "Queued", { waitMs });
    expect(result).toMatchObject({ outcome: "rejected", error: { code: "INVALID_ARGUMENT" } });
  });
});

describe("flush and close", () => {
  it.each([NaN, -1, 1e12, Infinity, "5", null])("refuse a timeoutMs of %s", async (timeoutMs) => {
    const { manager } = setUp();
    const options = { timeoutMs } as { timeoutMs: number };
    await expect(manager.flush(options)).rejects.toThrow(InvalidInputError);
    await expect(manager.close(options)).rejects.toThrow(InvalidInputError);
    expect(await manager.close({ timeoutMs: 0 })).toMatchObject({ pending: 0 });
  });
});
