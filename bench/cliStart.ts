import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

import type { Benchmark, Section } from "./section.ts";

const BIN = fileURLToPath(new URL("../apps/cli/dist/main.js", import.meta.url));
const ROUNDS = 25;

/** How long the built `klipstream --help` takes, against a Node program that does nothing. */
const cliStart: Benchmark = {
  name: "cliStart",
  run: (): Promise<Section[]> => {
    build();
    const help: number[] = [];
    const empty: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      empty.push(time(["-e", "0"]));
      help.push(time([BIN, "--help"]));
    }
    const emptyMs = median(empty);
    const helpMs = median(help);
    return Promise.resolve([
      {
        title: "Start of the klipstream command",
        method: `Median of ${ROUNDS} starts each, in turn. The command is the built one; every command's own code is loaded only when it is called.`,
        columns: ["program", "median, ms", "ratio"],
        rows: [
          ["node -e 0", round(emptyMs), 1],
          ["klipstream --help", round(helpMs), round(helpMs / emptyMs)],
        ],
      },
    ]);
  },
};

export default cliStart;

/** pnpm is there: it runs this benchmark. */
function build(): void {
  const args = ["--filter", "@klipstream/cli", "build"];
  const { status, stderr } = spawnSync("pnpm", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`klipstream could not be built: ${stderr || "no pnpm"}`);
}

function time(args: readonly string[]): number {
  const startedAt = performance.now();
  const { status } = spawnSync(process.execPath, args, { stdio: "ignore" });
  if (status !== 0) throw new Error(`${args.join(" ")} exited with ${String(status)}`);
  return performance.now() - startedAt;
}

function median(values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)] ?? NaN;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
