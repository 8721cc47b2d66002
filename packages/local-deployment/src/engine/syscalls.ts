import { getConvexSize, jsonToConvex, type JSONValue } from "convex/values";

import { canonicalFunctionPath } from "../wire/functionPaths.ts";
import type { EngineInternals, SyncSyscall } from "./convexTestInternals.ts";
import { PlatformError } from "./functionErrors.ts";
import { requestContext, type TransientError } from "./requestContext.ts";

type ScheduleArgs = { name?: string; functionHandle?: string; args: JSONValue; ts: number };

const FUNCTION_HANDLE = /^function:\/\/;/;

/**
 * Scheduling only writes the job's document: the deployment runs it when it is due, so that a job outlives the
 * engine's worker.
 */
export function handleScheduling(
  internals: EngineInternals,
  exists: (path: string) => boolean,
): void {
  internals.wrapSyscall((next) => async (op, json) => {
    if (op !== "1.0/schedule") return await next(op, json);
    const { name, functionHandle, args, ts } = JSON.parse(json) as ScheduleArgs;
    const path = canonicalFunctionPath(name ?? functionHandle?.replace(FUNCTION_HANDLE, "") ?? "");
    if (!exists(path))
      throw new PlatformError(`Attempted to schedule function at nonexistent path: ${path}`);
    const parsed = jsonToConvex(args);
    internals.transactions.getMetricsTracker()?.trackScheduledFunction(getConvexSize(parsed));
    const jobId = internals.database.insert("_scheduled_functions", {
      args: [parsed],
      name: path,
      scheduledTime: ts * 1000,
      state: { kind: "pending" },
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
export function throwWhenAsked(next: SyncSyscall): SyncSyscall {
  return (op, json) => {
    const error = TRANSIENT[op];
    if (error === undefined) return next(op, json);
    const context = requestContext.getStore();
    if (context !== undefined) context.transientError = error;
    throw new PlatformError(error.message);
  };
}

const NO_STORAGE =
  "File storage is not supported by the local deployment. Use `npx convex dev` or a cloud deployment for it.";

/** The engine would answer with URLs of a deployment that does not exist. */
export function refuseStorage(internals: EngineInternals): void {
  internals.wrapSyscall((next) => async (op, json) => {
    if (op.startsWith("1.0/storage")) throw new PlatformError(NO_STORAGE);
    return await next(op, json);
  });
  internals.wrapJsSyscall((next) => async (op, args) => {
    if (op.startsWith("storage/")) throw new PlatformError(NO_STORAGE);
    return await next(op, args);
  });
}
