import { type Clock, sleep } from "../clock.ts";

export type RetryLoop = {
  clock: Clock;
  /** The moment on the monotonic clock after which no further attempt starts. */
  deadline: number;
  /**
   * Decides after a failed attempt: the wait before the next one in milliseconds, or null to give up.
   *
   * @param attempt - How many attempts have failed, from 1.
   */
  next: (error: unknown, attempt: number) => number | null;
};

/**
 * Runs a function until it succeeds, `next` gives up, or the next attempt would start after the deadline.
 *
 * @param run - One attempt; it gets the number of the attempt, from 1.
 * @throws What the last attempt threw.
 */
export async function retry<T>(
  run: (attempt: number) => Promise<T>,
  { clock, deadline, next }: RetryLoop,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run(attempt);
    } catch (error) {
      const delayMs = next(error, attempt);
      if (delayMs === null || clock.monotonic() + delayMs > deadline) throw error;
      await sleep(clock, delayMs);
    }
  }
}
