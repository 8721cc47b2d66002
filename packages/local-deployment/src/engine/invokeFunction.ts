import { AsyncLocalStorage } from "node:async_hooks";

import { convexToJson, jsonToConvex, type JSONValue, type Value } from "convex/values";

import type { FunctionKind } from "./callsAndOutcomes.ts";
import { isConvexError } from "./functionErrors.ts";

/** How code that was bundled with `convex/server` runs its functions itself: JSON in, JSON out. */
export type Invocable = {
  invokeQuery?: (args: string) => Promise<string>;
  invokeMutation?: (args: string) => Promise<string>;
  invokeAction?: (requestId: string, args: string) => Promise<string>;
  invokeHttpAction?: (request: Request) => Promise<Response>;
};

type Call = (reference: unknown, args: Value) => Promise<Value | undefined>;
/** The part of convex-test's `ctx` that knows who calls, and what an action may call. */
export type EngineContext = {
  auth: { getUserIdentity(): Promise<JSONValue> };
  runQuery: Call;
  runMutation: Call;
  runAction: Call;
};

/** What convex-test would have given to the function that runs. */
export const engineContext = new AsyncLocalStorage<EngineContext>();

/**
 * Runs a function with the `convex` that was bundled with it, as the real backend does: its `ctx` and its errors are
 * then of the classes that the function knows.
 *
 * @returns its result as JSON.
 */
export async function invokeFunction(
  { invokeQuery, invokeMutation, invokeAction }: Invocable,
  kind: FunctionKind,
  { ctx, args }: { ctx: unknown; args: Value },
): Promise<string> {
  const json = JSON.stringify([convexToJson(args)]);
  const invoke = {
    query: () => invokeQuery?.(json),
    mutation: () => invokeMutation?.(json),
    action: () => invokeAction?.("", json),
  }[kind];
  return (await withContext(ctx, invoke)) ?? "null";
}

export function valueOf(json: string): Value {
  return jsonToConvex(JSON.parse(json) as JSONValue);
}

/** Whether a value holds a commit's timestamp, which convex-test alone can refuse or replace. */
export function isForConvexTest(json: string): boolean {
  return json.includes('"$commitTs"');
}

/** Runs an HTTP action in the same way. */
export async function invokeHttpAction(
  { invokeHttpAction: invoke }: Invocable,
  { ctx, request }: { ctx: unknown; request: Request },
): Promise<Response | undefined> {
  return await withContext(ctx, () => invoke?.(request));
}

async function withContext<T>(ctx: unknown, run: () => T): Promise<Awaited<T>> {
  try {
    return await engineContext.run(ctx as EngineContext, run);
  } catch (error) {
    throw withData(error);
  }
}

/** The same error; its data leave each function that is invoked as JSON. */
export function withData(error: unknown): unknown {
  if (isConvexError(error))
    error.data = jsonToConvex(JSON.parse(error.data as string) as JSONValue);
  return error;
}
