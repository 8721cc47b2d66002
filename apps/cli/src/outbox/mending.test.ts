import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { processContext } from "../context.ts";
import { createAdminClient } from "../deployment/adminClient.ts";
import { newTwitchId, type Operator, startOperator } from "../testing/operator.ts";

let operator: Operator;
beforeAll(async () => {
  operator = await startOperator();
});
afterAll(() => operator.close());

describe("an update that cannot be delivered", () => {
  test("is queued with exit code 3, and drained when the deployment is back", async () => {
    const twitchId = await operator.createVideo();
    await operator.deployment.disconnect();
    const queued = await operator.run(["set-status", twitchId, "Downloading"]);
    expect(queued).toMatchObject({ exitCode: 3, stdout: `${twitchId}: queued\n` });
    expect(queued.stderr).toContain("outbox drain");
    expect((await operator.run(["outbox", "list"])).stdout).toMatch(
      new RegExp(`${twitchId}.*Downloading`),
    );
    const stillOut = await operator.run(["outbox", "drain", "--timeout", "1s"]);
    expect(stillOut).toMatchObject({
      exitCode: 3,
      stdout: "0 delivered, 1 pending, 0 refused for good\n",
    });
    await operator.deployment.reconnect();
    expect(await operator.run(["outbox", "drain"])).toMatchObject({
      exitCode: 0,
      stdout: "1 delivered, 0 pending, 0 refused for good\n",
    });
    expect(await operator.runJson(["status", twitchId, "--json"])).toMatchObject({
      status: "Downloading",
    });
    const status = (await operator.runJson(["outbox", "status", "--json"])) as {
      deployments: { holds: boolean }[];
    };
    expect(status.deployments.map(({ holds }) => holds)).toEqual([true]);
    expect((await operator.run(["outbox", "status"])).stdout).toContain("holds");
  });

  test("because the credentials are refused is exit code 4, and stays safe", async () => {
    const twitchId = await operator.createVideo();
    const environment = {
      ...operator.environment,
      CONVEX_API_KEY: await operator.createKey("reader", "videos:read"),
    };
    const refused = await operator.run(["set-status", twitchId, "Downloading"], { environment });
    expect(refused).toMatchObject({ exitCode: 4 });
    expect(refused.stderr).toContain("videos:write");
    expect(await operator.run(["outbox", "drain"])).toMatchObject({ exitCode: 0 });
    expect(await operator.runJson(["status", twitchId, "--json"])).toMatchObject({
      status: "Downloading",
    });
  });

  test("for good is a dead letter, which can be redriven once its cause is mended", async () => {
    const twitchId = newTwitchId();
    expect(await operator.run(["set-status", twitchId, "Downloading"])).toMatchObject({
      exitCode: 5,
    });
    const dead = (await operator.runJson(["outbox", "dead", "--json"])) as {
      seq: number;
      twitchId: string;
    }[];
    const letter = dead.find((one) => one.twitchId === twitchId);
    expect((await operator.run(["outbox", "dead"])).stdout).toContain("VIDEO_NOT_FOUND");
    await operator.run(["create", twitchId]);
    expect(await operator.run(["outbox", "redrive", "999999", "--yes"])).toMatchObject({
      exitCode: 5,
    });
    expect(
      await operator.run(["outbox", "redrive", String(letter?.seq), "--dry-run"]),
    ).toMatchObject({
      exitCode: 0,
    });
    const redriven = await operator.runJson([
      "outbox",
      "redrive",
      String(letter?.seq),
      "--yes",
      "--json",
    ]);
    expect(redriven).toEqual({ redriven: 1 });
    await operator.run(["outbox", "drain"]);
    expect(await operator.runJson(["status", twitchId, "--json"])).toMatchObject({
      status: "Downloading",
    });
  });

  test("is in the export, and no credential is", async () => {
    const twitchId = newTwitchId();
    await operator.run(["set-urls", twitchId, "chatUrl=gs://vods/export.csv"]);
    const { stdout } = await operator.run(["outbox", "export"]);
    const lines = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { state: string; twitchId: string });
    expect(lines.filter((line) => line.twitchId === twitchId)).toMatchObject([
      { state: "deadLettered" },
    ]);
    expect(stdout).not.toContain("klipstream_sa_");
    expect(stdout).not.toContain("eyJ");
  });
});

describe("test mode", () => {
  test("simulates an update and needs no deployment", async () => {
    const environment = { CONVEX_TEST_MODE: "1", CONVEX_URL: "http://127.0.0.1:9" };
    expect(await operator.run(["set-status", "123", "Queued"], { environment })).toMatchObject({
      exitCode: 0,
      stdout: "123: simulated\n",
    });
  });
});

describe("requeue", () => {
  test("sets videos back that were silent for long enough, and says so in their history", async () => {
    const twitchId = await operator.createVideo();
    await operator.run(["set-status", twitchId, "Fetching chat"]);
    const admin = createAdminClient({ ...processContext(), environment: operator.environment });
    // What the cron does, with a limit in the future: whatever was changed until now is silent.
    const batch = { status: "Fetching chat", silentBefore: Date.now() + 60_000, cursor: null };
    await admin.run("maintenance:markStalledBatch", batch);
    const inThreeHours = { now: () => Date.now() + 3 * 3_600_000 };
    const requeue = (...args: string[]) =>
      operator.run(["requeue", "--stalled", ...args], inThreeHours);

    expect((await requeue("--older", "4h", "--dry-run")).stderr).toContain("no stalled videos");
    const dry = await requeue("--older", "2h", "--dry-run");
    expect(dry.stdout).toMatch(new RegExp(`${twitchId} +Fetching chat +3 h`));
    expect(await operator.runJson(["status", twitchId, "--json"])).toMatchObject({
      status: "Fetching chat",
    });
    const done = await requeue("--older", "2h", "--yes", "--json");
    expect(JSON.parse(done.stdout)).toMatchObject([
      { twitchId, status: "Fetching chat", outcome: "applied" },
    ]);
    const { events } = (await operator.runJson(["history", twitchId, "--json"])) as {
      events: { to: string; reason: string; actor: string }[];
    };
    expect(events[0]).toMatchObject({ to: "Queued", actor: "operator" });
    expect(events[0]?.reason).toMatch(/^requeued: silent in Fetching chat since /);
  });

  test("needs --stalled", async () => {
    expect(await operator.run(["requeue"])).toMatchObject({ exitCode: 2 });
  });
});
