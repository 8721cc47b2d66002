import { cpSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { ConvexHttpClient } from "convex/browser";
import { anyApi } from "convex/server";

import { type Backend, startBackend } from "../startBackend.ts";
import { temporaryFolder } from "./temporaryFolder.ts";
import type { SentCall } from "./wire.ts";

const PROJECT = join(import.meta.dirname, "../..");
const COPIED = ["convex", "convex.json", "package.json", "tsconfig.base.json"];

/** Runs a mutation, and returns what its transaction read and wrote. */
const COST_MODULE = `import { v } from "convex/values";
import { makeFunctionReference, mutationGeneric } from "convex/server";
export const of = mutationGeneric({
  args: { path: v.string(), args: v.any() },
  handler: async (ctx, { path, args }) => {
    await ctx.runMutation(makeFunctionReference(path), args);
    const { documentsRead, documentsWritten } = await ctx.meta.getTransactionMetrics();
    return { read: documentsRead.used, written: documentsWritten.used };
  },
});
`;

/** Documents that a call read and wrote. */
export type DocumentCost = { read: number; written: number };

export type CostedBackend = Backend & {
  /** Makes a call, and says what it cost. */
  costOf: (call: SentCall) => Promise<DocumentCost>;
};

/** A backend with one more function, which tells what another one reads and writes. */
export async function startCostedBackend(): Promise<CostedBackend> {
  using folder = temporaryFolder();
  const project = folder.path;
  for (const name of COPIED)
    cpSync(join(PROJECT, name), join(project, name), {
      recursive: true,
      filter: (path) => !path.endsWith(".test.ts") && !path.endsWith(".setup.ts"),
    });
  symlinkSync(join(PROJECT, "node_modules"), join(project, "node_modules"));
  writeFileSync(join(project, "convex/cost.ts"), COST_MODULE);
  const backend = await startBackend({ project });
  const client = new ConvexHttpClient(backend.deployment.url, { auth: backend.token });
  return {
    ...backend,
    costOf: ({ path, args }) =>
      client.mutation(anyApi["cost"]!["of"]! as never, { path, args } as never),
  };
}
