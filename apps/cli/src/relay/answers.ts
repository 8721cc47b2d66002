import { randomBytes } from "node:crypto";

import type { KlipstreamError } from "@klipstream/client";
import { BackendUnavailableError, InvalidInputError } from "@klipstream/client";
import { type ErrorData, isErrorData } from "@klipstream/contract";

/** A JSON answer in the backend's form. */
export type Answer = { httpStatus: number; body: unknown; headers?: Record<string, string> };

/** A function succeeded. */
export function success(value: unknown, headers?: Record<string, string>): Answer {
  const body = { status: "success", value };
  return headers === undefined ? { httpStatus: 200, body } : { httpStatus: 200, body, headers };
}

/** A function threw an expected failure: HTTP 200, with the data that clients read. */
export function refusal(data: ErrorData): Answer {
  const requestId = randomBytes(8).toString("hex");
  const errorMessage = `[Request ID: ${requestId}] Server Error\nUncaught ConvexError: ${JSON.stringify(data)}`;
  return { httpStatus: 200, body: { status: "error", errorMessage, errorData: data } };
}

/** No function was run: an HTTP status, a code, and what to do. */
export function failure(httpStatus: number, code: string, message: string): Answer {
  return { httpStatus, body: { code, message } };
}

/** The answer to a call whose update was not accepted, or was refused by the backend. */
export function answerOf(error: KlipstreamError): Answer {
  const { code, message } = error;
  const issues = error instanceof InvalidInputError ? { issues: [...error.issues] } : {};
  const data = { code, message, ...issues };
  if (isErrorData(data)) return refusal(data);
  if (error instanceof BackendUnavailableError) return failure(503, "BackendUnavailable", message);
  // The outbox is full or cannot be written, or the relay is closing: the caller may try again.
  return failure(503, code, message);
}
