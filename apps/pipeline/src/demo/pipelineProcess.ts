import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

import { type Notice, noticeSchema } from "../notices.ts";

/** The two parts of a pipeline, each its own program. */
export type PipelinePart = "rawPipeline" | "analysisPipeline";

export type PipelineProcessOptions = {
  part: PipelinePart;
  /** The program's only argument. */
  argument: string;
  /** The whole environment of the process, but for what Node itself needs. */
  env: Record<string, string>;
  /** An empty folder, so that no configuration file of the user's is found. */
  cwd: string;
  onNotice: (notice: Notice) => void;
  /** Ends the process: SIGTERM, and SIGKILL where that does not help. */
  signal: AbortSignal;
};

const LOADER = ["--import", import.meta.resolve("tsx")];
const KILL_AFTER_MS = 5_000;
/** How much of a process's stderr is kept to explain a failure. */
const KEPT_CHARACTERS = 20_000;

/**
 * Runs one part of a pipeline to its end.
 *
 * @returns Its exit code (128 where a signal ended it) and the last of what it wrote to stderr.
 */
export async function runPipelineProcess({
  part,
  argument,
  env,
  cwd,
  onNotice,
  signal,
}: PipelineProcessOptions): Promise<{ exitCode: number; stderr: string }> {
  signal.throwIfAborted();
  const program = fileURLToPath(new URL(`../${part}.ts`, import.meta.url));
  const child = fork(program, [argument], {
    execArgv: LOADER,
    env: { PATH: process.env.PATH ?? "", ...env },
    cwd,
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  let stderr = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr = (stderr + text).slice(-KEPT_CHARACTERS);
  });
  child.on("message", (message) => onNotice(noticeSchema.parse(message)));

  let killer: NodeJS.Timeout | undefined;
  const stop = (): void => {
    child.kill("SIGTERM");
    killer = setTimeout(() => child.kill("SIGKILL"), KILL_AFTER_MS);
  };
  signal.addEventListener("abort", stop, { once: true });
  try {
    const [code] = (await once(child, "close")) as [number | null];
    return { exitCode: code ?? 128, stderr };
  } finally {
    signal.removeEventListener("abort", stop);
    clearTimeout(killer);
  }
}
