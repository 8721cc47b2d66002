import { getConvexSize, jsonToConvex, type JSONValue } from "convex/values";

import type { ComponentPath } from "../documents/componentTables.ts";
import { INTERNAL, withoutInternal } from "../documents/internalFields.ts";
import { canonicalFunctionPath } from "./functionPaths.ts";
import { currentFunction } from "./currentFunction.ts";
import type { EngineInternals } from "./convexTestInternals.ts";
import type { EngineComponents } from "./engineComponents.ts";
import { PlatformError } from "./functionErrors.ts";
import { requestContext, type TransientError } from "./requestContext.ts";

type ScheduleArgs = { args: JSONValue; ts: number };

const FUNCTION_HANDLE = /^function:\/\/(.*?);(.+)$/;

/** The component and the function that a function handle stands for. */
export function parseFunctionHandle(handle: string): { component: ComponentPath; path: string } {
  const [, component = "", path = ""] = FUNCTION_HANDLE.exec(handle) ?? [];
  return { component, path: canonicalFunctionPath(path) };
}

/**
 * Scheduling only writes the job's document: the deployment runs it when it is due, so that a job outlives the
 * engine's worker. The job belongs to the component that schedules it, whoever's the function is.
 */
export function handleScheduling(components: EngineComponents): void {
  components.internals.wrapSyscalls(["1.0/schedule"], (next) => async (_op, json) => {
    const handle = JSON.parse(await next("1.0/createFunctionHandle", json)) as string;
    const { component, path } = parseFunctionHandle(handle);
    if (components.functions(component)?.find(path) === undefined)
      throw new PlatformError(`Attempted to schedule function at nonexistent path: ${path}`);
    const { args, ts } = JSON.parse(json) as ScheduleArgs;
    const parsed = jsonToConvex(args);
    const { transactions } = components.internals;
    transactions.getMetricsTracker()?.trackScheduledFunction(getConvexSize(parsed));
    const scheduler = currentFunction.getStore()?.component ?? "";
    const jobId = components.database(scheduler).insert("_scheduled_functions", {
      args: [parsed],
      name: path,
      scheduledTime: ts * 1000,
      state: { kind: "pending" },
      ...(component === scheduler ? {} : { [INTERNAL]: { component } }),
    });
    return JSON.stringify(jobId);
  });
}

const TRANSIENT: Record<string, TransientError> = {
  throwOcc: {
    transientCode: "OptimisticConcurrencyControlFailure",
    message: "Documents that this function has read were changed by another one. Call it again.",
  },
  throwOverloaded: {
    transientCode: "Busy",
    message: "This deployment is too busy. Call the function again.",
  },
};

/**
 * Lets a function fail as if it had met a write conflict, or a deployment that is overloaded: by
 * `Convex.syscall("throwOcc", "{}")` or `"throwOverloaded"`, for tests of what a caller does then.
 */
export function throwWhenAsked(internals: EngineInternals): void {
  for (const [op, error] of Object.entries(TRANSIENT))
    internals.wrapSyncSyscalls([op], () => () => {
      const context = requestContext.getStore();
      if (context !== undefined) context.transientError = error;
      throw new PlatformError(error.message);
    });
}

/** Functions do not see what the deployment keeps for itself in system documents. */
export function hideInternalFields({ internals }: EngineComponents): void {
  internals.wrapSyscalls(["1.0/queryPage"], (next) => async (op, json) => {
    const result = await next(op, json);
    if (!result.includes(`"${INTERNAL}"`)) return result;
    const read = JSON.parse(result) as { page: object[] };
    return JSON.stringify({ ...read, page: read.page.map(withoutInternal) });
  });
}

const CALLS = [
  "1.0/runUdf",
  "1.0/createFunctionHandle",
  "1.0/actions/query",
  "1.0/actions/mutation",
  "1.0/actions/action",
];

/** A component offers its public functions to others, and keeps its internal ones to itself. */
export function refuseForeignInternals(components: EngineComponents): void {
  components.internals.wrapSyscalls(CALLS, (next) => async (op, json) => {
    const { reference } = JSON.parse(json) as { reference?: string };
    if (reference !== undefined) {
      const handle = JSON.parse(await next("1.0/createFunctionHandle", json)) as string;
      const { component, path } = parseFunctionHandle(handle);
      if (components.functions(component)?.find(path)?.isPublic !== true)
        throw new PlatformError(`The component "${component}" has no public function "${path}".`);
    }
    return await next(op, json);
  });
}
