/**
 * `pnpm conformance --url <url> --admin-key <key>`: deploys `convex/` to a deployment, and shows what works there. Exits 1 where a
 * check fails, 2 on wrong use.
 */
import { parseArgs } from "node:util";

import { type Check, CHECKS, LEFT_OUT, type Row } from "./checks.ts";
import { type Content, erase, findContent } from "./emptyDeployment.ts";

const tell = (line: string) => process.stderr.write(`${line}\n`);

const { values } = parseArgs({
  options: {
    url: { type: "string" },
    "admin-key": { type: "string" },
    only: { type: "string", multiple: true },
    erase: { type: "boolean", default: false },
  },
});
const names = CHECKS.map(({ name }) => name);
const given = {
  url: values.url ?? usage("--url <address of the deployment> is missing"),
  adminKey: values["admin-key"] ?? usage("--admin-key <the operator's key> is missing"),
};
const chosen = values.only ?? names;
const unknown = chosen.find((name) => !names.includes(name));
if (unknown !== undefined) usage(`no check is called ${unknown}; choose from ${names.join(", ")}`);

const content = await findContent(given);
const found = describeContent(content);
if (found !== null && !values.erase)
  usage(
    `${given.url} is in use: ${found}. With --erase every document is deleted first, and the signing key replaced.`,
  );
if (found !== null) await erase(given, content);

const rows: Row[] = [];
for (const check of CHECKS.filter(({ name }) => chosen.includes(name))) {
  tell(`conformance: ${check.name}`);
  rows.push(...(await run(check)));
}
process.stdout.write(table([...rows, ...LEFT_OUT]));
const failed = rows.filter(({ result }) => result === "FAILED");
tell(failed.length === 0 ? "every check passed" : `${failed.length} lines FAILED`);
process.exit(failed.length === 0 ? 0 : 1);

/** A check that cannot even be made has failed; the others go on. */
async function run({ name, run: check }: Check): Promise<Row[]> {
  try {
    return await check(given, tell);
  } catch (error) {
    tell(error instanceof Error ? (error.stack ?? error.message) : String(error));
    const figure = (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "";
    return [{ check: name, result: "FAILED", figure }];
  }
}

function describeContent({ tables, variables }: Content): string | null {
  const parts = [
    tables.length > 0 ? `documents in ${tables.join(", ")}` : null,
    variables.length > 0 ? `the variables ${variables.join(", ")}` : null,
  ].filter((part) => part !== null);
  return parts.length === 0 ? null : parts.join("; ");
}

function table(lines: readonly Row[]): string {
  const cells = [
    ["check", "result", "figure"],
    ["---", "---", "---"],
    ...lines.map(({ check, result, figure }) => [check, result, figure]),
  ];
  return cells.map((line) => `| ${line.map(inCell).join(" | ")} |\n`).join("");
}

function inCell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll(/\s+/g, " ").trim();
}

function usage(line: string): never {
  tell(line);
  process.exit(2);
}
