import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import { finished } from "node:stream/promises";

import type { CliContext, EndSignal } from "../context.ts";
import { type Progress, ProgressLines } from "./progressLines.ts";

/** How a command ended. */
export type CommandEnd = {
  /** Its exit code; 128 + n where signal n ended it; 126 or 127 where it could not be started, as a shell has it. */
  exitCode: number;
  signal: NodeJS.Signals | null;
  /** The last thing it said: on stderr, else on stdout; or why it could not be started. */
  lastLine: string | null;
};

export type SuperviseOptions = {
  context: CliContext;
  onProgress: (progress: Progress) => void;
  /** Told of each end signal that is handed on. */
  onForward: (signal: EndSignal) => void;
  /** How long after an end signal the command may take to end, in ms, before SIGKILL. */
  graceMs: number;
};

/**
 * Runs a command, with its output passed through and end signals handed on to it.
 *
 * Without a terminal the command leads its own process group, so that signals also reach what it has started. On a terminal
 * it shares ours, as a foreground program must.
 */
export async function superviseCommand(
  [program = "", ...args]: readonly string[],
  options: SuperviseOptions,
): Promise<CommandEnd> {
  const { context, onProgress } = options;
  const ownGroup = context.stdin.isTTY !== true && process.platform !== "win32";
  const child = spawn(program, args, {
    cwd: context.folder,
    env: { ...context.environment },
    stdio: ["inherit", "pipe", "pipe"],
    detached: ownGroup,
  });
  const output = new ProgressLines(onProgress);
  const errors = new ProgressLines(onProgress);
  passOn(child.stdout.pipe(output), context.stdout);
  passOn(child.stderr.pipe(errors), context.stderr);
  const stopForwarding = forwardSignals(child, { ...options, ownGroup });
  try {
    const end = await waitForEnd(child, program);
    if (end.lastLine !== null) return end;
    // A slow reader of our output may not have taken all of it yet.
    await Promise.all([finished(output), finished(errors)]);
    return { ...end, lastLine: errors.lastLine ?? output.lastLine };
  } finally {
    stopForwarding();
  }
}

function passOn(output: ProgressLines, to: CliContext["stdout"]): void {
  output.pipe(to, { end: false });
  // `pipe` has let go of it then, and a command whose output nobody takes hangs in its next write.
  to.once("error", () => output.resume());
}

function forwardSignals(
  child: ChildProcess,
  { context, graceMs, onForward, ownGroup }: SuperviseOptions & { ownGroup: boolean },
): () => void {
  let deadline: NodeJS.Timeout | undefined;
  const send = (signal: NodeJS.Signals) => {
    if (child.pid === undefined) return;
    try {
      process.kill(ownGroup ? -child.pid : child.pid, signal);
    } catch (error) {
      // It ended between the signal and now.
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  };
  const unsubscribe = context.onEndSignal((signal) => {
    // A terminal sends Ctrl-C to the whole foreground group: the command has it already.
    if (ownGroup || signal !== "SIGINT") send(signal);
    onForward(signal);
    deadline ??= setTimeout(() => send("SIGKILL"), graceMs);
  });
  return () => {
    clearTimeout(deadline);
    unsubscribe();
  };
}

/** Ends with the command's output, not with its process: the last line may still be on its way. */
function waitForEnd(child: ChildProcess, program: string): Promise<CommandEnd> {
  return new Promise((resolve) => {
    child.once("error", (error: NodeJS.ErrnoException) => {
      const isMissing = error.code === "ENOENT";
      const why = isMissing
        ? "command not found"
        : `cannot be run (${error.code ?? error.message})`;
      resolve({ exitCode: isMissing ? 127 : 126, signal: null, lastLine: `${program}: ${why}` });
    });
    child.once("close", (code, signal) => {
      const exitCode = signal === null ? (code ?? 1) : 128 + constants.signals[signal];
      resolve({ exitCode, signal, lastLine: null });
    });
  });
}
