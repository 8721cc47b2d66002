import type { Value } from "convex/values";

import { PlatformError } from "./functionErrors.ts";
import { isConvexFunction } from "./functionRegistry.ts";
import { invokeFunction, valueOf } from "./invokeFunction.ts";

const WRAPPERS = /"convex:\/_system\/repl\/wrappers\.js"/g;

/**
 * Loads a query that is not deployed: the source of a module whose default export it is.
 *
 * @returns what runs it with convex-test's `ctx`.
 * @throws what the module throws, or PlatformError if it exports something else.
 */
export async function loadInlineQuery(source: string): Promise<(ctx: unknown) => Promise<Value>> {
  const server = JSON.stringify(new URL("./inlineQueryWrappers.ts", import.meta.url).href);
  const module = encodeURIComponent(source.replace(WRAPPERS, server));
  const { default: query } = (await import(`data:text/javascript,${module}`)) as {
    default?: unknown;
  };
  if (!isConvexFunction(query) || query.isQuery !== true)
    throw new PlatformError("InvalidTestQuery: the default export of the module must be a query.");
  return async (ctx) => valueOf(await invokeFunction(query, "query", { ctx, args: {} }));
}
