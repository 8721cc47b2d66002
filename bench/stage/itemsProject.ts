import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { type LocalDeployment, runConvexCli } from "@klipstream/local-deployment";

import { temporaryFolder } from "./temporaryFolder.ts";

const FILES: Readonly<Record<string, string>> = {
  "package.json": '{"name":"project","type":"module","dependencies":{"convex":"*"}}',
  "convex/schema.ts": `import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";
export default defineSchema({ items: defineTable({ owner: v.string(), n: v.number() }).index("by_owner", ["owner"]) });`,
  "convex/items.ts": `import { mutation, query } from "./_generated/server";
import { v } from "convex/values";
export const nothing = mutation({ args: {}, returns: v.null(), handler: () => null });
export const list = query({ args: { owner: v.string() }, handler: (ctx, { owner }) =>
  ctx.db.query("items").withIndex("by_owner", (q) => q.eq("owner", owner)).order("desc").take(20) });
export const fill = mutation({ args: { from: v.number(), to: v.number(), owners: v.number() }, handler: async (ctx, { from, to, owners }) => {
  for (let n = from; n < to; n++) await ctx.db.insert("items", { owner: "owner " + (n % owners), n });
} });`,
};

const INSERTS_PER_CALL = 500;

/**
 * Deploys a small project that knows nothing of videos.
 *
 * @returns How long the real CLI took for it, from start to exit, in ms.
 * @throws Error with what the CLI printed.
 */
export async function deployItems({ url, adminKey }: LocalDeployment): Promise<number> {
  using folder = temporaryFolder();
  const cwd = folder.path;
  await mkdir(join(cwd, "convex"));
  await symlink(join(import.meta.dirname, "../node_modules"), join(cwd, "node_modules"));
  for (const [path, content] of Object.entries(FILES)) await writeFile(join(cwd, path), content);
  const startedAt = performance.now();
  const { exitCode, stderr } = await runConvexCli(["deploy", "--typecheck", "disable"], {
    ...{ url, adminKey, cwd },
  });
  if (exitCode !== 0) throw new Error(`the project could not be deployed:\n${stderr}`);
  return performance.now() - startedAt;
}

/** Inserts documents, ten of each owner. */
export async function fillItems({ url }: LocalDeployment, size: number): Promise<void> {
  for (let from = 0; from < size; from += INSERTS_PER_CALL) {
    const to = Math.min(size, from + INSERTS_PER_CALL);
    await callItems(url, "mutation", { path: "items:fill", args: { from, to, owners: size / 10 } });
  }
}

/** Calls a function over plain HTTP. @throws Error with the answer, where it did not succeed */
export async function callItems(
  url: string,
  kind: "query" | "mutation",
  call: { path: string; args: object },
): Promise<void> {
  const response = await fetch(`${url}/api/${kind}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(call),
  });
  const text = await response.text();
  if (!response.ok || !text.startsWith('{"status":"success"')) throw new Error(text);
}
