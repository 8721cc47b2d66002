/** How long to wait between attempts. */
export type RetryPolicy = {
  /** The wait after the first failure. */
  baseDelayMs: number;
  /** No wait is longer, except one that the backend asks for. */
  maxDelayMs: number;
};

export const DEFAULT_RETRY_POLICY: RetryPolicy = { baseDelayMs: 500, maxDelayMs: 30_000 };

/** The longest `Retry-After` that is honoured in full. */
export const RETRY_AFTER_MAX_MS = 60_000;

/** A number from 0 (included) to 1 (excluded). */
export type Random = () => number;

/**
 * The wait before the next attempt. It doubles with each failure up to the cap; a random part of it, up to a half, is taken off.
 *
 * @param attempt - How many attempts have failed in a row, from 1.
 * @returns Milliseconds, from half of the doubled delay up to it.
 */
export function delayFor(attempt: number, policy: RetryPolicy, random: Random): number {
  const doubled = Math.min(policy.maxDelayMs, policy.baseDelayMs * 2 ** Math.max(0, attempt - 1));
  return doubled * (1 - random() / 2);
}

/** Clamps what a `Retry-After` asked for. */
export function clampRetryAfter(retryAfterMs: number): number {
  return Math.min(RETRY_AFTER_MAX_MS, Math.max(0, retryAfterMs));
}
