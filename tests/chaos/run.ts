/** `pnpm chaos --kills N --updates N --backend-kills N --seed N`: the long fault runs. Exits 1 if a promise falls short. */
import { parseArgs } from "node:util";

import { killBackend } from "./backendKills.ts";
import { runChaos } from "./chaos.ts";
import type { Finding } from "./finding.ts";
import { measureSpeed } from "./speed.ts";

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "100" },
    updates: { type: "string", default: "1000" },
    "backend-kills": { type: "string", default: "20" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
  },
});

const kills = readCount("kills", values.kills);
const updates = readCount("updates", values.updates);
const backendKills = readCount("backend-kills", values["backend-kills"]);
const seed = readCount("seed", values.seed);
const tell = (line: string) => process.stderr.write(`${line}\n`);

tell(
  `chaos: ${kills} kills, ${updates} updates, ${backendKills} kills of the backend, seed ${seed}`,
);
try {
  const findings = [
    ...(await runChaos({ kills, updates, relayKills: 2 * kills, seed, onProgress: tell })),
    ...(await killBackend({ kills: backendKills, seed, onProgress: tell })),
    ...(await measureSpeed(updates)),
  ];
  process.stdout.write(table(findings));
  const short = findings.filter(({ kept }) => !kept);
  if (short.length > 0) fail(`${short.length} promises fell short`);
  process.exit(0);
} catch (error) {
  fail(error instanceof Error ? (error.stack ?? error.message) : String(error));
}

function fail(why: string): never {
  tell(
    `${why}\nrun it again with --kills ${kills} --updates ${updates} --backend-kills ${backendKills} --seed ${seed}`,
  );
  process.exit(1);
}

function readCount(name: string, text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1) return count;
  tell(`--${name} must be a whole number from 1`);
  process.exit(2);
}

function table(findings: readonly Finding[]): string {
  const rows = findings.map(({ promise, how, figure, kept }) => [
    promise,
    how,
    figure,
    kept ? "kept" : "FELL SHORT",
  ]);
  const head = ["promise", "how it was tried", "figure", "result"];
  const lines = [head, head.map(() => "---"), ...rows];
  return lines.map((cells) => `| ${cells.join(" | ")} |\n`).join("");
}
