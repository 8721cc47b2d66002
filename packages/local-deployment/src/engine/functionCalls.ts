import { convexToJson, jsonToConvex, type JSONValue, type Value } from "convex/values";
import { makeFunctionReference } from "convex/server";

import { currentFunction } from "./currentFunction.ts";
import type { EngineComponents } from "./engineComponents.ts";
import { describeFunctionError, PlatformError } from "./functionErrors.ts";
import { engineContext, type EngineContext } from "./invokeFunction.ts";
import { requestContext } from "./requestContext.ts";

const ACTION_CALLS: Record<string, "runQuery" | "runMutation" | "runAction"> = {
  "1.0/actions/query": "runQuery",
  "1.0/actions/mutation": "runMutation",
  "1.0/actions/action": "runAction",
};

type Address = { name?: string; reference?: string; functionHandle?: string };

/** What an action changes without being a transaction itself. */
const OTHER_ACTION_CALLS = ["1.0/actions/schedule", "1.0/actions/cancel_job"];

/**
 * Answers what a function asks about its caller, and lets functions call others.
 *
 * @param untilStored an action goes on only then: what it does next may leave the process.
 */
export function handleCalls(
  { internals, test }: EngineComponents,
  untilStored: () => Promise<void>,
): void {
  internals.wrapSyscalls(OTHER_ACTION_CALLS, (next) => async (op, json) => {
    const result = await next(op, json);
    await untilStored();
    return result;
  });
  internals.wrapSyscalls(["1.0/actions/vectorSearch"], (next) => async (op, json) => {
    let result = "";
    // In a transaction: it must not see what another one has not committed yet.
    await test.runInComponent(currentFunction.getStore()?.component ?? "", async () => {
      result = await next(op, json);
      return null;
    });
    await untilStored();
    return result;
  });
  internals.wrapSyscalls(
    ["1.0/getUserIdentity"],
    () => async () => JSON.stringify(await identityOfCaller()),
  );
  internals.wrapSyscalls(
    ["1.0/runUdf", ...Object.keys(ACTION_CALLS)],
    (next) => async (op, json) => {
      const call = ACTION_CALLS[op];
      try {
        if (call === undefined) return await next(op, json);
        // Also what it throws may rest on what is not stored yet.
        return await callFromAction(call, json).finally(untilStored);
      } catch (error) {
        throw forCaller(error);
      }
    },
  );
}

async function identityOfCaller(): Promise<JSONValue> {
  const problem = requestContext.getStore()?.tokenProblem ?? null;
  if (problem !== null) throw new PlatformError(problem);
  return await contextOfCaller().auth.getUserIdentity();
}

async function callFromAction(
  call: "runQuery" | "runMutation" | "runAction",
  json: string,
): Promise<string> {
  const { args, ...address } = JSON.parse(json) as Address & { args: JSONValue };
  const result = await contextOfCaller()[call](referenceOf(address), jsonToConvex(args));
  return JSON.stringify(convexToJson(result ?? null));
}

function contextOfCaller(): EngineContext {
  const context = engineContext.getStore();
  if (context === undefined) throw new Error("A function called from outside of any function.");
  return context;
}

function referenceOf({ name, reference, functionHandle }: Address): unknown {
  if (functionHandle !== undefined) return functionHandle;
  if (name !== undefined) return makeFunctionReference(name);
  return { [Symbol.for("toReferencePath")]: reference };
}

/** What the calling function's own `convex` makes a new error of: it never sees the object that was thrown. */
function forCaller(error: unknown): Error & { data?: Value } {
  const { message, data } = describeFunctionError(error);
  const described = new Error(message);
  return data === undefined
    ? described
    : Object.assign(described, { data: JSON.parse(data) as Value });
}
