import { SqliteStore } from "@klipstream/client/internals";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import type { EndSignal } from "../context.ts";
import { type Operator, startOperator } from "../testing/operator.ts";

let operator: Operator;
beforeAll(async () => {
  operator = await startOperator();
});
afterAll(() => operator.close());

const statusOf = (twitchId: string) =>
  operator.runJson(["status", twitchId, "--json"]) as Promise<{
    status: string;
    progress: { percent: number; message?: string } | null;
    transcriptUrl?: string;
  }>;

async function eventsOf(twitchId: string) {
  const history = await operator.runJson(["history", twitchId, "--json"]);
  return (history as { events: { kind: string; to?: string; reason?: string }[] }).events;
}

const transcribe = (twitchId: string, command: readonly string[], ...options: string[]) => [
  "exec",
  twitchId,
  "--status",
  "Transcribing",
  ...options,
  "--",
  ...command,
];
const shell = (script: string) => ["sh", "-c", script];
const hasPython = spawnSync("python3", ["--version"]).status === 0;

describe("a command that succeeds", () => {
  test("has its output passed through, its status and URLs reported, and its progress shown", async () => {
    const twitchId = await operator.createVideo();
    const script = "echo one; echo ::progress 40 half way; echo two >&2; printf three";
    const url = "--url=transcriptUrl=gs://vods/words.csv";
    const ran = await operator.run(transcribe(twitchId, shell(script), url));
    expect(ran).toEqual({ exitCode: 0, stdout: "one\nthree", stderr: "two\n" });
    expect(await statusOf(twitchId)).toMatchObject({
      status: "Transcribing",
      transcriptUrl: "gs://vods/words.csv",
      progress: { percent: 40, message: "half way" },
    });
  });

  test("gets its arguments as they are", async () => {
    const twitchId = await operator.createVideo();
    const command = ["printf", "%s|", "--yes", "-h", "a b", "--"];
    expect((await operator.run(transcribe(twitchId, command))).stdout).toBe("--yes|-h|a b|--|");
  });
});

describe("a command that fails", () => {
  test("has its exit code passed through, and its status undone with the last line as the reason", async () => {
    const twitchId = await operator.createVideo();
    const script = "echo working; echo 'Error: no speech found' >&2; exit 7";
    expect(await operator.run(transcribe(twitchId, shell(script)))).toMatchObject({ exitCode: 7 });
    expect((await statusOf(twitchId)).status).toBe("Queued");
    expect((await eventsOf(twitchId))[0]).toMatchObject({
      kind: "rolledBack",
      reason: "exit 7: Error: no speech found",
    });
  });

  test("marks the video Failed where that is asked for", async () => {
    const twitchId = await operator.createVideo();
    const args = transcribe(twitchId, shell("echo disk full; exit 3"), "--on-failure", "fail");
    expect(await operator.run(args)).toMatchObject({ exitCode: 3 });
    expect((await statusOf(twitchId)).status).toBe("Failed");
    expect((await operator.run(["list", "--status", "Failed"])).stdout).toContain(
      "in Transcribing: exit 3: disk full",
    );
  });

  test("by a signal says which", async () => {
    const twitchId = await operator.createVideo();
    expect(await operator.run(transcribe(twitchId, shell("kill -9 $$")))).toMatchObject({
      exitCode: 137,
    });
    expect((await eventsOf(twitchId))[0]).toMatchObject({ reason: "ended by SIGKILL" });
  });

  test("because it does not exist is 127", async () => {
    const twitchId = await operator.createVideo();
    expect(await operator.run(transcribe(twitchId, ["no-such-program"]))).toMatchObject({
      exitCode: 127,
    });
    expect((await eventsOf(twitchId))[0]?.reason).toBe(
      "exit 127: no-such-program: command not found",
    );
  });

  test.skipIf(!hasPython)("in Python gives its exception as the reason", async () => {
    const twitchId = await operator.createVideo();
    const script = "print('::progress 10 loading', flush=True); raise ValueError('no audio')";
    const ran = await operator.run(transcribe(twitchId, ["python3", "-c", script]));
    expect(ran).toMatchObject({ exitCode: 1, stdout: "" });
    expect(ran.stderr).toContain("Traceback");
    expect((await eventsOf(twitchId))[0]?.reason).toBe("exit 1: ValueError: no audio");
  });
});

describe("an end signal", () => {
  test.each([
    {
      what: "is handed on",
      trap: "trap 'echo cleaned up >&2; exit 4' TERM",
      exitCode: 4,
      reason: /^exit 4: (cleaned up|Terminated)$/,
    },
    {
      what: "that is ignored ends in SIGKILL",
      trap: "trap 'echo ignored >&2' TERM",
      exitCode: 137,
      reason: /^ended by SIGKILL: /,
    },
  ])("$what, and reported", async ({ trap, exitCode, reason }) => {
    const twitchId = await operator.createVideo();
    const signals: { send?: (signal: EndSignal) => void } = {};
    const script = `${trap}; echo ready; while :; do sleep 0.05; done`;
    const ran = await operator.run(transcribe(twitchId, shell(script), "--grace", "1s"), {
      signals,
      onOutput: (text) => {
        if (text.includes("ready")) signals.send?.("SIGTERM");
      },
    });
    expect(ran).toMatchObject({ exitCode });
    expect(ran.stderr).toContain("SIGTERM handed on");
    const [event] = await eventsOf(twitchId);
    expect(event?.kind).toBe("rolledBack");
    // What a shell says of its own killed children may come after what the trap says.
    expect(event?.reason).toMatch(reason);
  });
});

describe("an outage", () => {
  test("does not keep the command from running, and what it reports is delivered later", async () => {
    const twitchId = await operator.createVideo();
    const environment = {
      ...operator.environment,
      CONVEX_OUTBOX_PATH: join(operator.folder, "outage.db"),
    };
    await operator.deployment.disconnect();
    const ran = await operator.run(transcribe(twitchId, shell("echo done")), { environment });
    await operator.deployment.reconnect();
    expect(ran).toMatchObject({ exitCode: 0, stdout: "done\n" });
    expect(ran.stderr).toMatch(/1 update waits in the outbox/);
    expect((await statusOf(twitchId)).status).toBe("Queued");
    expect(await operator.run(["outbox", "drain"], { environment })).toMatchObject({ exitCode: 0 });
    expect((await statusOf(twitchId)).status).toBe("Transcribing");
  });
});

/** Runs the program as a process of its own, whose streams can end. */
function start(args: readonly string[], environment: Record<string, string>) {
  const main = join(import.meta.dirname, "../main.ts");
  return spawn(process.execPath, ["--import", import.meta.resolve("tsx"), main, ...args], {
    cwd: operator.folder,
    env: environment,
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** Fills an outbox with as much as it may hold, for a deployment that is not there. */
function fill(path: string): void {
  const store = new SqliteStore(path);
  const entry = {
    deployment: "elsewhere",
    twitchId: "1",
    content: { kind: "rollback", rollback: { twitchId: "1", updateId: "1", ageMs: 0 } },
    acceptedAt: 0,
    acceptedUptime: null,
  } as const;
  store.appendAll(Array.from({ length: 100_000 }, () => entry));
  store.close();
}

describe("an outbox of no use", () => {
  const environmentWith = (path: string) => ({
    ...operator.environment,
    CONVEX_OUTBOX_PATH: join(operator.folder, path),
  });

  test("that cannot be opened does not keep the command from running", async () => {
    const twitchId = await operator.createVideo();
    writeFileSync(join(operator.folder, "file"), "");
    const ran = await operator.run(transcribe(twitchId, shell("echo ran; exit 7")), {
      environment: environmentWith("file/outbox.db"),
    });
    expect(ran).toMatchObject({ exitCode: 7, stdout: "ran\n" });
    expect(ran.stderr).toMatch(/^klipstream: .*doctor.*; the command runs unreported\n$/);
    expect((await statusOf(twitchId)).status).toBe("Queued");
  });

  test("that is full does not keep the command from running", async () => {
    const twitchId = await operator.createVideo();
    const environment = environmentWith("full.db");
    fill(environment.CONVEX_OUTBOX_PATH);
    const url = "--url=transcriptUrl=gs://vods/words.csv";
    const ran = await operator.run(transcribe(twitchId, shell("echo ran"), url), { environment });
    expect(ran).toMatchObject({ exitCode: 0, stdout: "ran\n" });
    expect(ran.stderr).toMatch(/^klipstream: the outbox is full .*; the command runs unreported\n/);
    expect((await statusOf(twitchId)).status).toBe("Queued");
  });

  test("by the end does not replace the command's exit code", async () => {
    const twitchId = await operator.createVideo();
    const environment = environmentWith("dropped/outbox.db");
    const folder = join(operator.folder, "dropped");
    const script = `rm -r ${folder}; touch ${folder}; exit 7`;
    const ran = await operator.run(transcribe(twitchId, shell(script)), { environment });
    expect(ran.exitCode).toBe(7);
    expect(ran.stderr).toContain("; what is not delivered yet stays in the outbox");
  });
});

test.each(["VIDEO_NOT_FOUND", "CONFIGURATION"])(
  "a caller's mistake, %s, keeps the command from running",
  async (mistake) => {
    const environment = { ...operator.environment };
    if (mistake === "CONFIGURATION") environment["CONVEX_URL"] = "no address";
    const ran = await operator.run(transcribe("999", shell("echo ran")), { environment });
    expect(ran).toMatchObject({ exitCode: mistake === "CONFIGURATION" ? 2 : 5, stdout: "" });
  },
);

describe("a reader that has ended", () => {
  test.each(["stdout", "stderr"] as const)(
    "of %s does not end the supervision: the command runs to its end, and is reported",
    async (name) => {
      const twitchId = await operator.createVideo();
      // More than a pipe holds, so that an output that nobody takes would hold the command up.
      const flood = "head -c 3000000 /dev/zero | tr '\\0' x";
      const script = `echo ready; echo ready >&2; ${flood}; ${flood} >&2; echo >&2; echo the end >&2; exit 7`;
      const child = start(transcribe(twitchId, shell(script)), operator.environment);
      const other = text(name === "stdout" ? child.stderr : child.stdout);
      child[name].once("data", () => child[name].destroy());
      const [exitCode] = (await once(child, "close")) as [number | null];
      await other;
      expect(exitCode).toBe(7);
      expect((await eventsOf(twitchId))[0]).toMatchObject({
        kind: "rolledBack",
        reason: "exit 7: the end",
      });
    },
  );
});

test("a missing status or command is a usage error", async () => {
  expect(await operator.run(["exec", "123", "--", "true"])).toMatchObject({ exitCode: 2 });
  expect(await operator.run(["exec", "123", "--status", "Queued"])).toMatchObject({ exitCode: 2 });
  const wrong = await operator.run(["exec", "123", "--status", "Analysing", "--", "true"]);
  expect(wrong.stderr).toContain('did you mean "Analyzing"?');
});
