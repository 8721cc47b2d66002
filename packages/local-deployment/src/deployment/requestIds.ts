import { randomBytes } from "node:crypto";

import type { CallOutcome } from "../engine/messages.ts";

export function newRequestId(): string {
  return randomBytes(8).toString("hex");
}

/** `Query`, `Mutation` or `Action`, for logs. */
export function udfTypeOf(outcome: CallOutcome): "Query" | "Mutation" | "Action" {
  if (outcome.kind === "mutation") return "Mutation";
  return outcome.kind === "action" ? "Action" : "Query";
}
