import { type ErrorData, isErrorData } from "@klipstream/contract";
import { ConvexError } from "convex/values";

import {
  BackendUnavailableError,
  CredentialsRefusedError,
  type ErrorDetails,
  InvalidInputError,
  KlipstreamError,
  messageOf,
  ServerError,
  UpdateRefusedError,
  VideoNotFoundError,
} from "../errors.ts";
import type { Redactor } from "../log/redact.ts";
import type { Answer } from "./exchange.ts";

/** Makes an error of this package of whatever a call threw. Nothing else does. */
export function toKlipstreamError(
  error: unknown,
  { answer, redactor }: { answer: Answer; redactor: Redactor },
): KlipstreamError {
  if (error instanceof KlipstreamError) return error;
  const message = messageOf(error);
  const requestId = /\[Request ID: ([0-9a-f]+)\]/i.exec(message)?.[1] ?? answer.requestId;
  const details = { httpStatus: answer.httpStatus, requestId, cause: error };
  if (error instanceof ConvexError && isErrorData(error.data))
    return errorOfCode(error.data, details);
  if (answer.httpStatus !== undefined && !answer.isFunctionError)
    return new BackendUnavailableError("body", "the answer holds no Convex value", details);
  return new ServerError(redactor.text(message.trim()), details);
}

/** The error for a code of the contract, thrown by a function or found in the results of a batch. */
export function errorOfCode(data: ErrorData, details: ErrorDetails = {}): KlipstreamError {
  const { code, message, issues } = data;
  switch (code) {
    case "INVALID_ARGUMENT":
      return new InvalidInputError(issues ?? [{ path: "", message }], details);
    case "VIDEO_NOT_FOUND":
      return new VideoNotFoundError(message, details);
    case "UNAUTHENTICATED":
    case "FORBIDDEN":
      return new CredentialsRefusedError(code, message, details);
    case "NOTHING_TO_ROLL_BACK":
    case "UPDATE_ID_REUSED":
      return new UpdateRefusedError(code, message, details);
  }
}
