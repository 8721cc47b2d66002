import { ConvexManager, InvalidInputError } from "@klipstream/client";
import { MemoryStore } from "@klipstream/client/internals";
import { exchangeKey } from "@klipstream/client/keys";
import fc from "fast-check";

import { type Backend, readEvents } from "./backend.ts";
import type { Finding } from "./finding.ts";

const FUNCTIONS = [
  "updateStatus",
  "updateStatusByTwitchId",
  "updateUrls",
  "recordUpdates",
  "create",
  "rollbackStatus",
  "reportProgress",
  "removeScratch",
];

/** Anything but a Twitch ID. */
const badId = fc.oneof(
  fc.string().filter((text) => !/^\d{1,20}$/.test(text)),
  fc.constantFrom("v123", "", "1".repeat(21), "12 ", "12\n"),
);
const junk = fc.oneof(
  fc.anything({ withBigInt: true, withNullPrototype: true }),
  fc.string(),
  fc.constantFrom(null, NaN, {}, [], "banana", Symbol("s"), () => undefined),
);

/** Whatever nonsense a method or a function is given, it says what is wrong and changes nothing. */
export async function giveBadInput(
  backend: Backend,
  { seed, runs }: { seed: number; runs: number },
): Promise<Finding> {
  const twitchId = "40000";
  await backend.direct.createVideo(twitchId);
  const before = await readEvents(backend.direct, twitchId);
  let failed = "";
  try {
    await fc.assert(methodsProperty(), { seed, numRuns: runs });
    const token = await exchangeKey(backend.deployment.url, backend.apiKey);
    await fc.assert(functionsProperty(backend.deployment.url, token), { seed, numRuns: runs });
  } catch (error) {
    failed = error instanceof Error ? error.message.split("\n").slice(0, 4).join(" ") : "failed";
  }
  const after = await readEvents(backend.direct, twitchId);
  const unchanged = JSON.stringify(before) === JSON.stringify(after);
  return {
    promise: "bad input",
    how: `${runs} calls of every method, ${runs} of functions over HTTP, generated`,
    figure: failed === "" ? "a typed error each time, nothing changed" : failed,
    kept: failed === "" && unchanged,
  };
}

function methodsProperty() {
  let requests = 0;
  const fetch = () => {
    requests += 1;
    return Promise.reject(new TypeError("no request may be made"));
  };
  const manager = new ConvexManager(
    { url: "https://virtual.example", logLevel: "silent", waitMs: 0 },
    { fetch, store: new MemoryStore(), place: { env: {}, cwd: "/nonexistent" } },
  );
  return fc.asyncProperty(badId, junk, junk, async (id, first, second) => {
    const results = [
      await manager.updateVideoStatus(id, "Queued"),
      await manager.updateVideoStatus("1", first as "Queued", { updateId: "" }),
      await manager.updateVideoUrls(id, first as object, second as object),
      await manager.updatePipelineProgress("1", {}, {}),
      await manager.updatePipelineProgress("1", { twitchId: "2", status: "Queued" } as object),
      await manager.rollbackStatus("1", { updateId: { id: first } as unknown as string }),
      await manager.rollbackStatus(id, { reason: "x".repeat(1001) }),
    ];
    manager.reportProgress(id, first as number, second as string);
    for (const result of results)
      if (result.ok || !(result.error instanceof InvalidInputError))
        throw new Error(`accepted, or no InvalidInputError: ${result.outcome}`);
    await manager.getVideo(id).then(
      () => Promise.reject(new Error("getVideo took a bad ID")),
      (error: unknown) => {
        if (!(error instanceof InvalidInputError)) throw error;
      },
    );
    if (requests > 0 || manager.stats().accepted > 0) throw new Error("something was sent or kept");
  });
}

function functionsProperty(url: string, token: string) {
  return fc.asyncProperty(
    fc.constantFrom(...FUNCTIONS),
    fc.dictionary(
      fc.constantFrom("id", "twitchId", "status", "urls", "percent", "zzz"),
      fc.jsonValue(),
    ),
    async (name, args) => {
      const response = await fetch(`${url}/api/mutation`, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
        body: JSON.stringify({ path: `video:${name}`, args: { ...args, zzz: 1 }, format: "json" }),
      });
      const answer = (await response.json()) as { status?: string };
      if (answer.status !== "error" && response.status !== 400)
        throw new Error(`video:${name} took ${JSON.stringify(args)}: ${JSON.stringify(answer)}`);
    },
  );
}
