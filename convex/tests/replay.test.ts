import { makeFunctionReference } from "convex/server";
import type { Value } from "convex/values";
import { describe, expect, test } from "vitest";

import callsV1 from "./fixtures/calls-v1.json";
import callsV2 from "./fixtures/calls-v2.json";
import { startBackend, stored } from "./testing.setup";

type RecordedCall = { path: string; args: Record<string, unknown>; result: object | null };

/**
 * What each version of the client sends, recorded when that version was new. An outbox may hold such calls for weeks:
 * a recording is never edited, and a new version adds a file of its own.
 */
const RECORDINGS: [string, RecordedCall[]][] = [
  ["1", callsV1],
  ["2", callsV2],
];

const WRITES = [
  "create",
  "recordUpdates",
  "removeScratch",
  "reportProgress",
  "rollbackStatus",
  "updateStatus",
  "updateStatusByTwitchId",
  "updateUrls",
];

describe.each(RECORDINGS)("the calls of version %s", (_, calls) => {
  test("are still accepted, with the same results", async () => {
    const { t, pipeline } = startBackend();
    for (const { path, args, result } of calls) {
      const reference = makeFunctionReference<"mutation", Record<string, unknown>, Value>(path);
      const id = args.id === "$videoId" ? { id: (await stored(t))._id } : {};
      const answer = await pipeline.mutation(reference, { ...args, ...id });
      if (result === null) expect(answer).toBeNull();
      else expect(answer, path).toMatchObject(result);
    }
  });

  test("cover every mutation", () => {
    const paths = new Set(calls.map(({ path }) => path.replace("video:", "")));
    expect([...paths].sort()).toEqual(WRITES);
  });
});
