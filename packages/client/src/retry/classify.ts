import {
  BackendUnavailableError,
  CredentialsRefusedError,
  RequestRefusedError,
  ServerError,
  TokenUnavailableError,
} from "../errors.ts";

/** What a failed attempt calls for. */
export type Verdict =
  /** There was no usable answer: try again until there is one. */
  | { action: "retry"; retryAfterMs?: number }
  /** The function broke: while others get through, try again, but only {@link SERVER_ERROR_RETRIES} times. */
  | { action: "retryFew" }
  /** The request was refused with no code of the contract. If others get through meanwhile, it would be refused again. */
  | { action: "giveUpIfAlone" }
  /** The credentials were refused: refresh them once, then wait for an operator. */
  | { action: "refreshCredentials" }
  /** Sending it again would be refused again. */
  | { action: "giveUp" };

/** How often an update whose function breaks is sent again before it becomes a dead letter. */
export const SERVER_ERROR_RETRIES = 5;

/** Decides what a failed attempt calls for. An unknown error is a defect of this package: `giveUp`. */
export function classify(error: unknown): Verdict {
  if (error instanceof BackendUnavailableError) {
    const { retryAfterMs } = error;
    return retryAfterMs === undefined ? { action: "retry" } : { action: "retry", retryAfterMs };
  }
  if (error instanceof ServerError) return { action: "retryFew" };
  if (error instanceof CredentialsRefusedError || error instanceof TokenUnavailableError)
    return { action: "refreshCredentials" };
  if (error instanceof RequestRefusedError) return { action: "giveUpIfAlone" };
  return { action: "giveUp" };
}

/** The HTTP statuses that say "not now", 404 among them: a function route that is missing may be on its way. */
const RETRYABLE_STATUSES: ReadonlySet<number> = new Set([
  404, 408, 421, 425, 429, 500, 502, 503, 504,
]);

/** Whether an answer with this status may be different next time. */
export function isRetryableStatus(httpStatus: number): boolean {
  return RETRYABLE_STATUSES.has(httpStatus);
}
