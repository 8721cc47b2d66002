import {
  checkInput,
  describeIssues,
  type ErrorCode,
  type ErrorData,
  isErrorData,
  type Issue,
} from "@klipstream/contract";
import { ConvexError, type Value } from "convex/values";
import type { z } from "zod";

/** An expected failure: its data reaches the caller in production too. */
export function failure(
  code: ErrorCode,
  message: string,
  details: Record<string, Value> = {},
): ConvexError<ErrorData & Record<string, Value>> {
  return new ConvexError({ ...details, code, message });
}

export function invalidArgument(issues: Issue[]): ConvexError<ErrorData & Record<string, Value>> {
  return failure("INVALID_ARGUMENT", describeIssues(issues), { issues });
}

export function videoNotFound(details: { twitchId: string } | { id: string }) {
  const name = "twitchId" in details ? `Twitch ID ${details.twitchId}` : `_id ${details.id}`;
  return failure("VIDEO_NOT_FOUND", `No video has the ${name}; create it first.`, details);
}

/**
 * Checks the content of an argument, or of all arguments at once.
 *
 * @param name - The argument's name, where it is one of several.
 * @returns The value, as the schema understands it.
 * @throws INVALID_ARGUMENT with every issue.
 */
export function checkArgument<T>(schema: z.ZodType<T>, value: unknown, name = ""): T {
  const checked = checkInput(schema, value);
  if (checked.ok) return checked.value;
  throw invalidArgument(
    checked.issues.map(({ path, message }) => ({
      path: [name, path].filter((part) => part !== "").join("."),
      message,
    })),
  );
}

/** The data of an expected failure, or null: then the error is a defect and must not be swallowed. */
export function errorDataOf(error: unknown): ErrorData | null {
  if (!(error instanceof ConvexError)) return null;
  const data: unknown = error.data;
  return isErrorData(data) ? data : null;
}

/** An expected failure as an answer. @throws the error itself where it is a defect. */
export function refusalOf(error: unknown) {
  const data = errorDataOf(error);
  if (data === null) throw error;
  return { success: false as const, code: data.code, message: data.message };
}
