import { spawnSync } from "node:child_process";

import type { Experiment } from "../harness/experiment.ts";
import { medianOf } from "../harness/table.ts";
import { builtPackages } from "../stage/builtPackages.ts";

const NOTHING = "node -e 0";
const MS = "start to exit, ms";
const HELP = "klipstream --help";

/** How long a program takes that does nothing but begin. */
export const starts: Experiment = {
  name: "starts",
  title: "Starting and importing",
  method:
    "Whole programs, from start to exit, in turn: Node with nothing to do, with one import, and the built command. All packages as they are installed. " +
    "Every command's own code is loaded only when it is called.",
  rowTitle: "program",
  columns: [
    { name: MS },
    { name: "ratio", ratioOf: MS, to: (row) => (row === NOTHING ? undefined : NOTHING) },
  ],
  chart: { column: MS },
  controls: ["processor"],
  budgetMs: 20_000,
  start: () => {
    const built = builtPackages();
    const importing = (name: string) => ["--input-type=module", "-e", `import "${name}";`];
    const programs: Record<string, string[]> = {
      [NOTHING]: ["-e", "0"],
      'import "convex/browser"': importing("convex/browser"),
      'import "@klipstream/contract"': importing("@klipstream/contract"),
      'import "@klipstream/client"': importing("@klipstream/client"),
      [HELP]: [built.cli, "--help"],
      "klipstream relay --help": [built.cli, "relay", "--help"],
    };
    return Promise.resolve({
      round: () =>
        Promise.resolve(
          Object.fromEntries(
            Object.entries(programs).map(([name, args]) => [
              name,
              { [MS]: time(args, built.path) },
            ]),
          ),
        ),
      close: () => Promise.resolve(),
    });
  },
  headline: (table) => {
    const ratio = medianOf(table, HELP, "ratio");
    if (ratio === null) return null;
    return `\`${HELP}\` takes ${ratio.toFixed(1)} times as long as a Node program that does nothing.`;
  },
};

function time(args: readonly string[], cwd: string): number {
  const startedAt = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, { cwd, encoding: "utf8" });
  if (status !== 0) throw new Error(`${args.join(" ")} exited with ${String(status)}: ${stderr}`);
  return performance.now() - startedAt;
}
