import { convexToJson, type Value } from "convex/values";
import { sep } from "node:path";
import { fileURLToPath } from "node:url";

/** An error that the platform finds, not the function: its text is sent as it is, without "Uncaught" and frames. */
export class PlatformError extends Error {
  override readonly name = "PlatformError";
}

/** What a caller is told about an error in a function. */
export function describeFunctionError(
  error: unknown,
  directory: string,
): { message: string; data?: string } {
  if (error instanceof PlatformError) return { message: error.message };
  if (isConvexError(error)) {
    const data = JSON.stringify(convexToJson(error.data));
    return { message: `${textOf(error)}\n${framesOf(error, directory)}`, data };
  }
  if (error instanceof Error) return { message: `${textOf(error)}\n${framesOf(error, directory)}` };
  return { message: `Uncaught ${String(error)}` };
}

// A pushed bundle has its own copy of `convex`, so `instanceof` would not find its errors.
export function isConvexError(error: unknown): error is Error & { data: Value } {
  return error instanceof Error && Symbol.for("ConvexError") in error && "data" in error;
}

function textOf({ name, message }: Error): string {
  return `Uncaught ${name}: ${message}`;
}

const FRAME = /^\s+at (?:(?<name>.+?) \()?(?<file>(?:file:)?\/[^()]*?):(?<place>\d+:\d+)\)?$/;

/** The frames of a stack that are in the user's own code, with the paths that the user knows. */
function framesOf(error: Error, directory: string): string {
  const frames: string[] = [];
  for (const line of (error.stack ?? "").split("\n")) {
    const { name, file, place } = FRAME.exec(line)?.groups ?? {};
    if (file === undefined || place === undefined) continue;
    const path = file.startsWith("file:") ? fileURLToPath(file) : file;
    if (!path.startsWith(directory + sep) || path.includes("/node_modules/")) continue;
    const functionName = (name ?? "<anonymous>").replace(/^(async )?(Object|Function)\./, "$1");
    frames.push(`    at ${functionName} (..${path.slice(directory.length)}:${place})\n`);
  }
  return frames.join("");
}
