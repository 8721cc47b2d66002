import { setTimeout as pause } from "node:timers/promises";
import { join } from "node:path";

import { ConvexManager, type UpdateResult } from "@klipstream/client";
import { VIDEO_STATUSES } from "@klipstream/contract";
import { runConvexCli } from "@klipstream/local-deployment";
import { afterAll, beforeAll, expect, test } from "vitest";

import { expectDone, type Operator, PROJECT, startOperator } from "../../testing/operator.ts";

const TWITCH_ID = "2434640001";

let operator: Operator;
beforeAll(async () => {
  operator = await startOperator();
  await operator.run(["create", TWITCH_ID]);
});
afterAll(() => operator.close());

/** Runs the line that a step printed, as `| sh` would. */
async function runLine(line: string): Promise<void> {
  const [, name = "", value = ""] = /^npx convex env set (\w+) '([^']+)'$/.exec(line.trim()) ?? [];
  const { url, adminKey } = operator.deployment;
  const result = await runConvexCli(["env", "set", name, value], { url, adminKey, cwd: PROJECT });
  expect(result.exitCode, result.stderr).toBe(0);
}

/** A pipeline that reports one status after the other until it is stopped. */
function startPipeline(apiKey: string) {
  const manager = new ConvexManager({
    url: operator.deployment.url,
    apiKey,
    outboxPath: join(operator.folder, "pipeline.db"),
    logLevel: "silent",
  });
  const results: UpdateResult[] = [];
  let isStopped = false;
  const write = async () => {
    for (let turn = 0; !isStopped; turn += 1) {
      const status = VIDEO_STATUSES[turn % VIDEO_STATUSES.length] ?? "Queued";
      results.push(await manager.updateVideoStatus(TWITCH_ID, status));
      await pause(10);
    }
  };
  const writing = write();
  return {
    stop: async () => {
      isStopped = true;
      await writing;
      expect(await manager.close()).toMatchObject({ delivered: true });
      return results;
    },
  };
}

async function appliedUpdateIds(): Promise<Set<string>> {
  const ids = new Set<string>();
  let cursor: string | null = null;
  do {
    const page = ["history", TWITCH_ID, "--json", "--limit", "100"];
    const { events, continueCursor } = (await operator.runJson(
      cursor === null ? page : [...page, "--cursor", cursor],
    )) as { events: { updateId?: string; applied: boolean }[]; continueCursor: string | null };
    for (const { updateId, applied } of events)
      if (applied && updateId !== undefined) ids.add(updateId);
    cursor = continueCursor;
  } while (cursor !== null);
  return ids;
}

test("a rotation loses no update of a pipeline that writes throughout, and refuses each step too early", async () => {
  const oldKey = await operator.createKey("raw");
  const old = startPipeline(oldKey);
  const refuse = async (step: string, why: RegExp) => {
    const { exitCode, stdout, stderr } = await operator.run(["token", "rotate", step, "--yes"]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
    expect(stderr).toMatch(why);
  };
  await refuse("sign", /no next key/);
  await refuse("retire", /no previous key/);

  const published = expectDone(await operator.run(["token", "rotate", "publish"]));
  await refuse("sign", /does not accept the next key yet/);
  await runLine(published.stdout);
  expect(await operator.run(["token", "rotate", "sign", "--dry-run"])).toMatchObject({
    exitCode: 0,
  });
  expectDone(await operator.run(["token", "rotate", "sign"]));
  await refuse("retire", /still hold a key of .*: .*raw/);

  const fresh = startPipeline(await operator.createKey("raw"));
  const results = await old.stop();
  operator.environment["CONVEX_API_KEY"] = await operator.createKey("operator");
  await runLine(expectDone(await operator.run(["token", "rotate", "retire", "--yes"])).stdout);
  await pause(100);
  results.push(...(await fresh.stop()));

  expect(results.filter(({ ok }) => !ok)).toEqual([]);
  const applied = await appliedUpdateIds();
  const lost = results.filter(
    ({ outcome, updateId }) => outcome === "applied" && !applied.has(updateId),
  );
  expect(lost).toEqual([]);
  // Whatever waited for a moment was delivered before the pipeline ended.
  const queued = results.filter(({ outcome }) => outcome === "queued");
  for (const { updateId } of queued) expect(applied).toContain(updateId);
  expect(results.length).toBeGreaterThan(20);

  const retired = { environment: { ...operator.environment, CONVEX_API_KEY: oldKey } };
  expect(await operator.run(["list"], retired)).toMatchObject({ exitCode: 4 });
  expect(await operator.run(["list"])).toMatchObject({ exitCode: 0 });
});
