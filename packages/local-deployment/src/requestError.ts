/** A request that is refused before any function runs: an HTTP status with a `{code, message}` body. */
export class RequestError extends Error {
  override readonly name = "RequestError";
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** The status of what could not be done now, and may be asked for again. */
export const UNAVAILABLE = 503;

export function badRequest(code: string, message: string): RequestError {
  return new RequestError(400, code, message);
}

export function unauthenticated(code: string, message: string): RequestError {
  return new RequestError(401, code, message);
}

/** The text of an error as clients get it. */
export function serverError(requestId: string, { message }: { message: string }): string {
  return `[Request ID: ${requestId}] Server Error\n${message}`;
}
