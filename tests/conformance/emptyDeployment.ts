import { runConvexCli } from "@klipstream/local-deployment";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { callAsOperator, type GivenDeployment, setVariables } from "../testedDeployment.ts";

const PROJECT = fileURLToPath(new URL("../..", import.meta.url));

/** What a deployment holds already that the checks would stand in the way of. */
export type Content = {
  /** Tables with documents in them. */
  tables: string[];
  /** Variables of this project's that are set. */
  variables: string[];
};

/**
 * Looks at what a deployment holds, with the queries that `npx convex data` sends.
 *
 * @throws Error with the deployment's answer.
 */
export async function findContent(given: GivenDeployment): Promise<Content> {
  const page = { numItems: 1000, cursor: null };
  const tables = await ask<{ page: { name: string }[] }>(given, "_system/cli/tables", {
    paginationOpts: page,
  });
  const filled: string[] = [];
  for (const { name } of tables.page) {
    const paginationOpts = { ...page, numItems: 1 };
    const args = { table: name, order: "asc", paginationOpts };
    const data = await ask<{ page: unknown[] }>(given, "_system/cli/tableData", args);
    if (data.page.length > 0) filled.push(name);
  }
  const variables = await ask<{ name: string }[]>(
    given,
    "_system/cli/queryEnvironmentVariables",
    {},
  );
  const names = variables.map(({ name }) => name);
  return {
    tables: filled,
    variables: names.filter((name) => /^(KLIPSTREAM|ALLOW_ANONYMOUS)_/.test(name)),
  };
}

/**
 * Deletes every document of the tables that {@link findContent} has found, and closes the door to anonymous callers. The other
 * variables stay until a check replaces them: a deployment refuses to lose those that its functions need.
 *
 * @throws Error with what the CLI or the deployment said.
 */
export async function erase(given: GivenDeployment, { tables }: Content): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "klipstream-conformance-"));
  const nothing = join(folder, "nothing.jsonl");
  try {
    await writeFile(nothing, "");
    for (const table of tables) {
      const args = ["import", "--replace", "--yes", "--table", table, nothing];
      const { exitCode, stderr } = await runConvexCli(args, { ...given, cwd: PROJECT });
      if (exitCode !== 0) throw new Error(`the table ${table} could not be emptied:\n${stderr}`);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
  await setVariables(given, { ALLOW_ANONYMOUS_PIPELINES: null });
}

function ask<Value>(given: GivenDeployment, path: string, args: object): Promise<Value> {
  return callAsOperator(given, { kind: "query", path, args });
}
