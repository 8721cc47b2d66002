import { getConvexSize, jsonToConvex, type JSONValue } from "convex/values";

import { canonicalFunctionPath } from "./functionPaths.ts";
import type { EngineInternals, Syscall } from "./convexTestInternals.ts";
import { PlatformError } from "./functionErrors.ts";

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
  const schedule: Syscall = async (_op, json) => {
    await Promise.resolve();
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
  };
  // Not async: each read of a document is a syscall, and would pay for every layer.
  internals.wrapSyscall(
    (next) => (op, json) => (op === "1.0/schedule" ? schedule(op, json) : next(op, json)),
  );
}

const NO_STORAGE =
  "File storage is not supported by the local deployment. Use `npx convex dev` or a cloud deployment for it.";

/** The engine would answer with URLs of a deployment that does not exist. */
export function refuseStorage(internals: EngineInternals): void {
  const refuse = () => Promise.reject(new PlatformError(NO_STORAGE));
  internals.wrapSyscall(
    (next) => (op, json) => (op.startsWith("1.0/storage") ? refuse() : next(op, json)),
  );
  internals.wrapJsSyscall(
    (next) => (op, args) => (op.startsWith("storage/") ? refuse() : next(op, args)),
  );
}
