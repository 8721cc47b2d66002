import { randomBytes } from "node:crypto";

import type { CallOutcome } from "../engine/callsAndOutcomes.ts";

export function newRequestId(): string {
  return randomBytes(8).toString("hex");
}

const LAST_FRAMES = /\n(?: {4}at .*\n?)*$/;

/** The body of the answer when an HTTP action has failed. */
export function httpActionError(
  requestId: string,
  { message, data }: { message: string; data?: string | undefined },
): { code: string; trace: string; data?: unknown } {
  const text = message.replace(LAST_FRAMES, "");
  return {
    code: `[Request ID: ${requestId}] Server Error: ${text}`,
    trace: message,
    ...(data === undefined ? {} : { data: JSON.parse(data) as unknown }),
  };
}

/** `Query`, `Mutation` or `Action`, for logs. */
export function udfTypeOf(outcome: CallOutcome): "Query" | "Mutation" | "Action" {
  if (outcome.kind === "mutation") return "Mutation";
  return outcome.kind === "action" ? "Action" : "Query";
}
