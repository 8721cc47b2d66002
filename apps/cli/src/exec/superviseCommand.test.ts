import { PassThrough, Readable } from "node:stream";

import { describe, expect, test } from "vitest";

import type { CliContext, EndSignal } from "../context.ts";
import type { Progress } from "./progressLines.ts";
import { superviseCommand } from "./superviseCommand.ts";

const PROGRAMS = process.env["PATH"] ?? "";

/** Runs a shell script under supervision; `when` says which signal to send once the script has printed a word. */
async function supervise(script: string, when: Record<string, EndSignal> = {}, graceMs = 10_000) {
  let send: (signal: EndSignal) => void = () => undefined;
  const seen = { stdout: "", stderr: "", progress: [] as Progress[], forwarded: [] as EndSignal[] };
  const open = (name: "stdout" | "stderr") =>
    new PassThrough().on("data", (chunk: Buffer) => {
      seen[name] += chunk.toString("utf8");
      for (const [word, signal] of Object.entries(when))
        if (chunk.toString("utf8").includes(word)) send(signal);
    });
  const context: CliContext = {
    environment: { PATH: PROGRAMS },
    folder: "/",
    stdin: Readable.from([]),
    stdout: open("stdout"),
    stderr: open("stderr"),
    now: Date.now,
    fetch: globalThis.fetch,
    onEndSignal: (listener) => {
      send = listener;
      return () => (send = () => undefined);
    },
  };
  const end = await superviseCommand(["sh", "-c", script], {
    context,
    graceMs,
    onProgress: (progress) => seen.progress.push(progress),
    onForward: (signal) => seen.forwarded.push(signal),
  });
  return { ...end, ...seen };
}

describe("a command's end", () => {
  test("has its exit code and output", async () => {
    const end = await supervise("echo out; echo ::progress 40 half; echo why >&2; exit 7");
    expect(end).toMatchObject({
      exitCode: 7,
      signal: null,
      lastLine: "why",
      stdout: "out\n",
      stderr: "why\n",
      progress: [{ percent: 40, message: "half" }],
    });
  });

  test("by a signal is 128 + its number, as in a shell", async () => {
    expect(await supervise("kill -9 $$")).toMatchObject({ exitCode: 137, signal: "SIGKILL" });
  });

  test("brings all of a large output, also to a slow reader", async () => {
    const { stdout } = await supervise("head -c 3000000 /dev/zero | tr '\\0' 'x'; echo; echo end");
    expect(stdout.length).toBe(3_000_005);
    expect(stdout.endsWith("end\n")).toBe(true);
  });
});

describe("an end signal", () => {
  test.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)("%s reaches the command", async (signal) => {
    const name = signal.slice(3);
    const script = `trap 'echo got ${name}; exit 3' ${name}; echo ready; while :; do sleep 0.05; done`;
    const end = await supervise(script, { ready: signal });
    expect(end).toMatchObject({ exitCode: 3, forwarded: [signal] });
    expect(end.stdout).toContain(`got ${name}`);
  });

  test("reaches what the command has started, too", async () => {
    const end = await supervise("sleep 600 & echo ready; wait", { ready: "SIGTERM" });
    expect(end).toMatchObject({ exitCode: 143, signal: "SIGTERM" });
  });

  test("that is ignored is followed by SIGKILL", async () => {
    const script = "trap '' TERM; echo ready; while :; do sleep 0.05; done";
    expect(await supervise(script, { ready: "SIGTERM" }, 100)).toMatchObject({
      exitCode: 137,
      signal: "SIGKILL",
    });
  });
});

describe("a command that cannot be started", () => {
  test("is 127 where it does not exist, and 126 where it cannot be run", async () => {
    const options = {
      context: {
        environment: { PATH: PROGRAMS },
        folder: "/",
        stdin: Readable.from([]),
        stdout: new PassThrough(),
        stderr: new PassThrough(),
        now: Date.now,
        fetch: globalThis.fetch,
        onEndSignal: () => () => undefined,
      },
      graceMs: 100,
      onProgress: () => undefined,
      onForward: () => undefined,
    };
    expect(await superviseCommand(["no-such-program-here"], options)).toEqual({
      exitCode: 127,
      signal: null,
      lastLine: "no-such-program-here: command not found",
    });
    expect(await superviseCommand([import.meta.filename], options)).toMatchObject({
      exitCode: 126,
    });
  });
});
