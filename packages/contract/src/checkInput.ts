import type { z } from "zod";

import type { Issue } from "./errorSchemas.ts";

export type CheckedInput<T> = { ok: true; value: T } | { ok: false; issues: Issue[] };

/**
 * Checks a value against one of this contract's schemas.
 *
 * @returns The parsed value, or every issue found in it. Never throws.
 */
export function checkInput<T>(schema: z.ZodType<T>, value: unknown): CheckedInput<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return { ok: true, value: parsed.data };
  const issues = parsed.error.issues.map(({ path, message }) => ({
    path: path.map(String).join("."),
    message,
  }));
  return { ok: false, issues };
}

/** One line for people: `urls.chatUrl: must be at most 2048 characters; status: ...`. */
export function describeIssues(issues: readonly Issue[]): string {
  return issues
    .map(({ path, message }) => (path === "" ? message : `${path}: ${message}`))
    .join("; ");
}
