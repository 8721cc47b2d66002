import type { ErrorCode, Issue } from "@klipstream/contract";
import { describeIssues } from "@klipstream/contract";

/** Every code that an error of this package can have: those of the backend, and those of the client itself. */
export type ClientErrorCode =
  | ErrorCode
  | "BACKEND_UNAVAILABLE"
  | "CONFIGURATION"
  | "MANAGER_CLOSED"
  | "OUTBOX_CORRUPT"
  | "OUTBOX_FULL"
  | "OUTBOX_UNWRITABLE"
  | "OUTBOX_VERSION"
  | "REQUEST_REFUSED"
  | "SERVER_ERROR"
  | "TOKEN_UNAVAILABLE";

export type ErrorDetails = {
  cause?: unknown;
  /** The status of the answer, where there was one. */
  httpStatus?: number | undefined;
  /** The backend's id of the request: what to look for in its logs. */
  requestId?: string | undefined;
};

/**
 * The base of every error that this package throws or hands out. There is one class for each thing that a caller would
 * do differently; read `code` or use `instanceof`, never the message.
 */
export class KlipstreamError extends Error {
  readonly code: ClientErrorCode;
  readonly httpStatus: number | undefined;
  readonly requestId: string | undefined;

  constructor(code: ClientErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.code = code;
    this.httpStatus = details.httpStatus;
    this.requestId = details.requestId;
  }
}

/** An option, an environment variable or a configuration file holds something unusable. Thrown at construction. */
export class ConfigurationError extends KlipstreamError {
  /** The option as it is spelt where it was read: `waitMs`, `CONVEX_URL`. */
  readonly option: string;

  constructor(option: string, message: string, details?: ErrorDetails) {
    super("CONFIGURATION", `${option}: ${message}`, details);
    this.option = option;
  }
}

/** An argument is wrong; nothing was sent, or the backend refused it and changed nothing. Fix the caller. */
export class InvalidInputError extends KlipstreamError {
  readonly issues: readonly Issue[];

  constructor(issues: readonly Issue[], details?: ErrorDetails) {
    super("INVALID_ARGUMENT", describeIssues(issues), details);
    this.issues = issues;
  }
}

/** The backend has no video with this Twitch ID. Create it, or report with `createMissing`. */
export class VideoNotFoundError extends KlipstreamError {
  constructor(message: string, details?: ErrorDetails) {
    super("VIDEO_NOT_FOUND", message, details);
  }
}

/** The backend refused this update for good: sending it again would be refused again. */
export class UpdateRefusedError extends KlipstreamError {
  // This class has only these codes.
  // eslint-disable-next-line @typescript-eslint/no-useless-constructor
  constructor(
    code: "UPDATE_ID_REUSED" | "NOTHING_TO_ROLL_BACK",
    message: string,
    details?: ErrorDetails,
  ) {
    super(code, message, details);
  }
}

/** The backend refused the credentials (401, `UNAUTHENTICATED`) or their scope (`FORBIDDEN`). Mend the key. */
export class CredentialsRefusedError extends KlipstreamError {
  // This class has only these codes.
  // eslint-disable-next-line @typescript-eslint/no-useless-constructor
  constructor(code: "UNAUTHENTICATED" | "FORBIDDEN", message: string, details?: ErrorDetails) {
    super(code, message, details);
  }
}

/** The token source failed, so nothing could be sent. The cause is what it threw. */
export class TokenUnavailableError extends KlipstreamError {
  constructor(message: string, details?: ErrorDetails) {
    super("TOKEN_UNAVAILABLE", message, details);
  }
}

/** The backend refused the request itself (400, 403, 409, a redirect): wrong URL, or versions that do not match. */
export class RequestRefusedError extends KlipstreamError {
  constructor(message: string, details?: ErrorDetails) {
    super("REQUEST_REFUSED", message, details);
  }
}

/** A function threw something unexpected: "Server Error" and a request id to look for in the deployment's logs. */
export class ServerError extends KlipstreamError {
  constructor(message: string, details?: ErrorDetails) {
    super("SERVER_ERROR", message, details);
  }
}

/** What stood between the client and an answer it could use. */
export type UnavailableReason = "connection" | "timeout" | "status" | "body";

/**
 * No usable answer: no connection, no answer in time, a cut or foreign answer, or a status that asks to come again. A write
 * may or may not have happened; sending it again with the same `updateId` is safe.
 */
export class BackendUnavailableError extends KlipstreamError {
  readonly reason: UnavailableReason;
  /** How long the backend asked to wait, in milliseconds, where it said so (`Retry-After`). */
  readonly retryAfterMs: number | undefined;

  constructor(
    reason: UnavailableReason,
    message: string,
    details: ErrorDetails & { retryAfterMs?: number | undefined } = {},
  ) {
    super("BACKEND_UNAVAILABLE", message, details);
    this.reason = reason;
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** The outbox holds as much as it may. Nothing was dropped; the new update was not accepted. */
export class OutboxFullError extends KlipstreamError {
  constructor(message: string) {
    super("OUTBOX_FULL", message);
  }
}

/** The outbox file cannot be written or read: disk full, read-only, no permission. */
export class OutboxUnwritableError extends KlipstreamError {
  constructor(message: string, details?: ErrorDetails) {
    super("OUTBOX_UNWRITABLE", message, details);
  }
}

/** The outbox file is no outbox, or is damaged, and could not be set aside. */
export class OutboxCorruptError extends KlipstreamError {
  constructor(message: string, details?: ErrorDetails) {
    super("OUTBOX_CORRUPT", message, details);
  }
}

/** A newer client wrote this outbox file. Update this package on this machine. */
export class OutboxVersionError extends KlipstreamError {
  constructor(message: string) {
    super("OUTBOX_VERSION", message);
  }
}

/** The manager was closed. */
export class ManagerClosedError extends KlipstreamError {
  constructor() {
    super(
      "MANAGER_CLOSED",
      "this manager is closed; get a new one with ConvexManager.getInstance()",
    );
  }
}

/** What an error says, whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
