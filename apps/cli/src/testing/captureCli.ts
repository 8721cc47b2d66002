import { PassThrough, Readable } from "node:stream";

import type { CliContext, EndSignal } from "../context.ts";
import { runCli } from "../runCli.ts";

export type Captured = {
  exitCode: number;
  stdout: string;
  stderr: string;
};

type Capture = Partial<Omit<CliContext, "stdin" | "stdout" | "stderr" | "onEndSignal">> & {
  stdin?: string;
  /** A terminal of this width on stdout and stderr; without it, pipes. */
  terminalColumns?: number;
  /** Filled with a function that sends this invocation an end signal. */
  signals?: { send?: (signal: EndSignal) => void };
  /** Told of each piece of output as it comes. */
  onOutput?: (text: string) => void;
};

/** Runs the program in this process, with everything outside it replaced: for tests. */
export async function captureCli(
  args: readonly string[],
  { stdin = "", terminalColumns, signals, onOutput, ...replaced }: Capture = {},
): Promise<Captured> {
  const { context, captured } = createCaptureContext({ stdin, terminalColumns, onOutput });
  const listeners = new Set<(signal: EndSignal) => void>();
  if (signals !== undefined)
    signals.send = (signal) => {
      for (const listener of listeners) listener(signal);
    };
  const exitCode = await runCli(args, {
    ...context,
    onEndSignal: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    ...replaced,
  });
  return { exitCode, ...captured };
}

function createCaptureContext({
  stdin,
  terminalColumns,
  onOutput,
}: {
  stdin: string;
  terminalColumns: number | undefined;
  onOutput: ((text: string) => void) | undefined;
}) {
  const captured = { stdout: "", stderr: "" };
  const open = (name: "stdout" | "stderr") => {
    const stream = new PassThrough();
    stream.on("data", (chunk: Buffer) => {
      captured[name] += chunk.toString("utf8");
      onOutput?.(chunk.toString("utf8"));
    });
    return terminalColumns === undefined
      ? stream
      : Object.assign(stream, { isTTY: true, columns: terminalColumns });
  };
  const context: CliContext = {
    environment: {},
    folder: "/",
    stdin: Readable.from(stdin === "" ? [] : [stdin]),
    stdout: open("stdout"),
    stderr: open("stderr"),
    now: Date.now,
    fetch: globalThis.fetch,
    onEndSignal: () => () => undefined,
  };
  return { context, captured };
}
