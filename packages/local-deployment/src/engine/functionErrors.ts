import { convexToJson, type Value } from "convex/values";

import { ownFramesOf } from "./userStacks.ts";

/** An error that the platform finds, not the function: its text is sent as it is, without "Uncaught" and frames. */
export class PlatformError extends Error {
  override readonly name = "PlatformError";
}

/** What a caller is told about an error in a function. */
export function describeFunctionError(error: unknown): { message: string; data?: string } {
  if (error instanceof PlatformError) return { message: error.message };
  if (isConvexError(error)) {
    const data = JSON.stringify(convexToJson(error.data));
    return { message: textOf(error), data };
  }
  if (error instanceof Error) return { message: textOf(error) };
  return { message: `Uncaught ${String(error)}` };
}

// A pushed bundle has its own copy of `convex`, so `instanceof` would not find its errors.
export function isConvexError(error: unknown): error is Error & { data: Value } {
  return error instanceof Error && Symbol.for("ConvexError") in error && "data" in error;
}

/** An error that nothing waited for, as it ends an action. */
export function uncaughtError(
  event: "uncaughtException" | "unhandledRejection",
  error: unknown,
): PlatformError {
  if (!(error instanceof Error)) return new PlatformError(`Uncaught ${event}: ${String(error)}`);
  return new PlatformError(`Uncaught ${event}: ${error.message}\n${ownFramesOf(error)}`);
}

function textOf(error: Error): string {
  return `Uncaught ${error.name}: ${error.message}\n${ownFramesOf(error)}`;
}
