import { exchangeKey, readServiceAccountKey } from "@klipstream/client/keys";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import type { EndSignal } from "../context.ts";
import { expectDone, newTwitchId, type Operator, startOperator } from "../testing/operator.ts";

let operator: Operator;
beforeAll(async () => {
  operator = await startOperator();
});
afterAll(() => operator.close());

describe("a video", () => {
  test("is created, reported on, rolled back and shown, by ID or address", async () => {
    const twitchId = newTwitchId();
    const address = `https://www.twitch.tv/videos/${twitchId}`;
    expect(await operator.run(["create", address, "--title", "Speedrun"])).toMatchObject({
      exitCode: 0,
      stdout: `${twitchId}: created\n`,
    });
    expect((await operator.run(["create", twitchId])).stdout).toBe(`${twitchId}: exists\n`);
    const set = await operator.run(["set-status", address, "Downloading", "--reason", "by hand"]);
    expect(set).toMatchObject({ exitCode: 0, stdout: `${twitchId}: applied\n`, stderr: "" });
    await operator.run([
      "set-urls",
      twitchId,
      "chatUrl=gs://vods/chat.csv",
      "audiowaveUrl=gs://vods/w.json",
    ]);
    await operator.run(["set-status", twitchId, "Fetching chat"]);
    const rolledBack = await operator.run([
      "rollback",
      twitchId,
      "--reason",
      "chat is gone",
      "--yes",
    ]);
    expect(rolledBack).toMatchObject({ exitCode: 0, stdout: `${twitchId}: applied\n` });

    const shown = await operator.run(["status", address]);
    expect(shown.stdout).toContain("Speedrun");
    expect(shown.stdout).toMatch(/status +Downloading/);
    expect(shown.stdout).toMatch(/chatUrl +gs:\/\/vods\/chat\.csv/);
    expect(shown.stdout).toMatch(/last event +rolledBack .*by operator .*chat is gone/);
    expect(await operator.runJson(["status", twitchId, "--json"])).toMatchObject({
      twitchId,
      status: "Downloading",
      audiowaveUrl: "gs://vods/w.json",
      lastEvent: { kind: "rolledBack", actor: "operator" },
    });
    const history = (await operator.runJson(["history", twitchId, "--json"])) as {
      events: { kind: string; to?: string; reason?: string }[];
    };
    expect(history.events.map(({ kind, to }) => [kind, to])).toEqual([
      ["rolledBack", "Downloading"],
      ["updated", "Fetching chat"],
      ["updated", undefined],
      ["updated", "Downloading"],
      ["created", "Queued"],
    ]);
    expect((await operator.run(["history", twitchId])).stdout).toContain("Queued -> Downloading");
  });

  test("that does not exist is exit code 5", async () => {
    const twitchId = newTwitchId();
    for (const args of [
      ["status", twitchId],
      ["history", twitchId],
      ["set-status", twitchId, "Queued"],
      ["set-urls", twitchId, "chatUrl=gs://a/b"],
      ["rollback", twitchId, "--reason", "none", "--yes"],
      ["exec", twitchId, "--status", "Queued", "--", "sh", "-c", "echo ran"],
    ]) {
      const { exitCode, stderr, stdout } = await operator.run(args);
      expect([args[0], exitCode]).toEqual([args[0], 5]);
      expect(stderr).toContain("klipstream create");
      expect(stdout).toBe("");
    }
  });

  test("is listed by status, with a page at a time", async () => {
    const failed = await operator.createVideo("--title", "wide title ".repeat(20));
    await operator.run(["set-status", failed, "Failed", "--reason", "disk full"]);
    const listed = await operator.run(["list", "--status", "Failed"], { terminalColumns: 80 });
    expect(listed.stdout).toContain(failed);
    expect(listed.stdout).toContain("disk full");
    for (const line of listed.stdout.split("\n"))
      // eslint-disable-next-line no-control-regex -- colours take no width
      expect(line.replace(/\u001b\[\d+m/g, "").length).toBeLessThanOrEqual(80);
    const first = (await operator.runJson(["list", "--limit", "1", "--json"])) as ListPage;
    expect(first.videos.map(({ twitchId }) => twitchId)).toEqual([failed]);
    const second = (await operator.runJson([
      "list",
      "--limit",
      "1",
      "--json",
      "--cursor",
      first.continueCursor,
    ])) as ListPage;
    expect(second.videos[0]?.twitchId).not.toBe(failed);
  });
});

type ListPage = { videos: { twitchId: string }[]; continueCursor: string };

describe("output", () => {
  test("is coloured on a terminal only, and not with NO_COLOR", async () => {
    const twitchId = await operator.createVideo();
    const escape = "\u001b[";
    expect((await operator.run(["status", twitchId])).stdout).not.toContain(escape);
    expect((await operator.run(["status", twitchId], { terminalColumns: 80 })).stdout).toContain(
      escape,
    );
    const environment = { ...operator.environment, NO_COLOR: "1" };
    const plain = await operator.run(["status", twitchId], { terminalColumns: 80, environment });
    expect(plain.stdout).not.toContain(escape);
  });

  test("of data goes to stdout and of talk to stderr", async () => {
    const { stdout, stderr } = await operator.run([
      "list",
      "--status",
      "Finding highlights",
      "--json",
    ]);
    expect(JSON.parse(stdout)).toEqual({ videos: [], continueCursor: null });
    expect(stderr).toBe("");
  });
});

describe("a destructive command", () => {
  test("changes nothing without --yes where nobody can be asked, and with --dry-run", async () => {
    const twitchId = await operator.createVideo();
    await operator.run(["set-status", twitchId, "Downloading"]);
    const asked = await operator.run(["rollback", twitchId, "--reason", "why"]);
    expect(asked).toMatchObject({ exitCode: 2 });
    expect(asked.stderr).toContain("--yes");
    const dry = await operator.run(["rollback", twitchId, "--reason", "why", "--dry-run"]);
    expect(dry.stdout).toContain("Downloading -> Queued");
    expect(await operator.runJson(["status", twitchId, "--json"])).toMatchObject({
      status: "Downloading",
    });
  });
});

describe("--watch", () => {
  test.each(["status", "history"])("of %s follows live until Ctrl-C", async (command) => {
    const twitchId = await operator.createVideo();
    const signals: { send?: (signal: EndSignal) => void } = {};
    let setStatus: Promise<unknown> | undefined;
    const watched = await operator.run([command, twitchId, "--watch"], {
      signals,
      onOutput: (text) => {
        if (text.includes("Queued"))
          setStatus ??= operator.run(["set-status", twitchId, "Transcribing"]);
        if (text.includes("Transcribing")) signals.send?.("SIGINT");
      },
    });
    await setStatus;
    expect(watched.exitCode).toBe(0);
    expect(watched.stdout).toMatch(/Queued[^]*Transcribing/);
  });

  test("of list prints the page again as JSON lines", async () => {
    const signals: { send?: (signal: EndSignal) => void } = {};
    const twitchId = await operator.createVideo();
    let setStatus: Promise<unknown> | undefined;
    const watched = await operator.run(["list", "--watch", "--json", "--status", "Analyzing"], {
      signals,
      onOutput: (text) => {
        setStatus ??= operator.run(["set-status", twitchId, "Analyzing"]);
        if (text.includes(twitchId)) signals.send?.("SIGINT");
      },
    });
    await setStatus;
    expect(watched.exitCode).toBe(0);
    const last = JSON.parse(watched.stdout.trim().split("\n").at(-1) ?? "") as ListPage;
    expect(last.videos.map((video) => video.twitchId)).toEqual([twitchId]);
  });

  test("without a key, with a token that does not verify or with a revoked key, ends with exit code 4", async () => {
    const revoked = await operator.createKey("revoked");
    const token = await exchangeKey(operator.deployment.url, revoked);
    const { keyId = "" } = readServiceAccountKey(revoked) ?? {};
    expectDone(await operator.run(["key", "revoke", keyId, "--yes"]));
    for (const key of ["", `${token.slice(0, -4)}AAAA`, revoked]) {
      const environment = { ...operator.environment, CONVEX_API_KEY: key };
      expect(await operator.run(["list", "--watch"], { environment })).toMatchObject({
        exitCode: 4,
      });
    }
  });
});

describe("smoke", () => {
  test("takes a scratch video through its whole life and leaves nothing", async () => {
    const before = await operator.runJson(["list", "--limit", "100", "--json"]);
    const result = (await operator.runJson(["smoke", "--json"])) as {
      ok: boolean;
      steps: { step: string; result: string; durationMs: number }[];
    };
    expect(result.ok).toBe(true);
    expect(result.steps.map(({ step, result: one }) => `${step}: ${one}`)).toEqual(
      [
        "create",
        ...["Queued", "Downloading", "Fetching chat", "Transcribing"],
        ...["Analyzing", "Finding highlights", "Completed", "Failed"],
        ...[
          "roll back",
          "URLs",
          "duplicate",
          "stale update",
          "without a token",
          "read back",
          "remove",
        ],
      ].map((step) => `${step}: ok`),
    );
    expect(await operator.runJson(["list", "--limit", "100", "--json"])).toEqual(before);
  });

  test("fails with exit code 4 where the key may only read", async () => {
    const environment = {
      ...operator.environment,
      CONVEX_API_KEY: await operator.createKey("reader", "videos:read"),
    };
    const { exitCode, stdout } = await operator.run(["smoke"], { environment });
    expect(exitCode).toBe(4);
    expect(stdout).toMatch(/FAILED +create/);
  });
});
