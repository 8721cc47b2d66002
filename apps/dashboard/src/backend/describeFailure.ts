import { describeIssues, ERROR_CODES, type ErrorData } from "@klipstream/contract";
import { ConvexError } from "convex/values";

/** The data of an expected failure of the backend, or null where the error is another one. */
export function errorDataOf(error: unknown): ErrorData | null {
  if (!(error instanceof ConvexError)) return null;
  const data = error.data as ErrorData | null;
  return ERROR_CODES.some((code) => code === data?.code) ? data : null;
}

/** Why a call failed, in words for the person who made it. */
export function describeFailure(error: unknown): string {
  const data = errorDataOf(error);
  if (data === null) return `The backend could not do this: ${messageOf(error)}`;
  switch (data.code) {
    case "INVALID_ARGUMENT":
      return describeIssues(data.issues ?? []) || data.message;
    case "VIDEO_NOT_FOUND":
      return "There is no such video any more.";
    case "UNAUTHENTICATED":
      return "Your sign-in has ended. Sign in again, then repeat this.";
    case "FORBIDDEN":
      return `You may not do this: ${data.message}`;
    case "NOTHING_TO_ROLL_BACK":
      return "There is nothing left to roll back: the video's run has no status change that is not undone already.";
    case "UPDATE_ID_REUSED":
      return "This was sent before with another content. Close this and start again.";
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
