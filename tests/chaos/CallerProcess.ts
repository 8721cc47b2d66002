import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

import type { Oracle } from "./Oracle.ts";

/** A caller of the relay in a process of its own, from its parent's side: what it was answered goes into the books. */
export class CallerProcess {
  readonly #process: ChildProcess;
  readonly #exit: Promise<unknown>;
  #stderr = "";
  /** How many of its calls it had to repeat. */
  repeated = 0;

  constructor(
    command: readonly [string, ...string[]],
    { url, twitchIds, oracle }: { url: string; twitchIds: string[]; oracle: Oracle },
  ) {
    const [program, ...args] = command;
    const child = spawn(program, [...args, ...twitchIds], {
      env: { ...process.env, CONVEX_URL: url, NO_PROXY: "127.0.0.1" },
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.#process = child;
    this.#exit = once(child, "close");
    child.stderr.setEncoding("utf8").on("data", (text: string) => (this.#stderr += text));
    createInterface(child.stdout).on("line", (line) => {
      const [twitchId = "", updateId = "", repeats] = line.split(" ");
      oracle.note(twitchId, updateId, "accepted");
      if (Number(repeats) > 0) this.repeated += 1;
    });
  }

  /** @throws where it has ended by itself, with what it said. */
  check(): void {
    const { exitCode, signalCode } = this.#process;
    if (exitCode !== null || signalCode !== null) this.#fail();
  }

  /** Lets it repeat its last call until that is answered, and end. */
  async finish(): Promise<void> {
    this.#process.stdin?.end();
    await this.#exit;
    if (this.#process.exitCode !== 0) this.#fail();
  }

  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#exit;
  }

  #fail(): never {
    throw new Error(`a caller of the relay ended by itself:\n${this.#stderr}`);
  }
}
