import type { Clock } from "../clock.ts";
import { delayFor, type Random, type RetryPolicy } from "./delay.ts";
import { RetryBudget } from "./retryBudget.ts";

/** The cap of the delay while the budget is empty. */
export const EMPTY_BUDGET_MAX_DELAY_MS = 600_000;

/** A wait after failures in a row; moments are on the monotonic clock. */
export type Wait = {
  failures: number;
  since: number;
  until: number;
  /** The backend asked for it (`Retry-After`): nothing shortens it. */
  isAsked: boolean;
  /** It is longer than the usual cap, as the budget had no retry left. */
  isLong: boolean;
};

/** Chooses how long to wait after failures; all waits share one budget of retries. */
export class Backoff {
  readonly #policy: RetryPolicy;
  readonly #random: Random;
  readonly #clock: Clock;
  readonly #budget = new RetryBudget();

  constructor({ policy, random, clock }: { policy: RetryPolicy; random: Random; clock: Clock }) {
    this.#policy = policy;
    this.#random = random;
    this.#clock = clock;
  }

  /** @param failures - In a row, from 1. */
  after(failures: number, retryAfterMs: number | undefined): Wait {
    const isLong = !this.#budget.pay(failures);
    const { maxDelayMs } = this.#policy;
    const cap = isLong ? Math.max(maxDelayMs, EMPTY_BUDGET_MAX_DELAY_MS) : maxDelayMs;
    const delayMs = this.#delay(failures, cap);
    const since = this.#clock.monotonic();
    const until = since + Math.max(delayMs, retryAfterMs ?? 0);
    return { failures, since, until, isAsked: retryAfterMs !== undefined, isLong };
  }

  /** An update was accepted. It earns a part of a retry; each whole retry makes one of the long waits a usual one, the first one first. */
  earn(waits: Iterable<Wait>): void {
    this.#budget.earn();
    for (const wait of waits) {
      if (!wait.isLong || wait.isAsked) continue;
      if (!this.#budget.pay(wait.failures)) return;
      wait.isLong = false;
      const usual = wait.since + this.#delay(wait.failures, this.#policy.maxDelayMs);
      wait.until = Math.min(wait.until, usual);
    }
  }

  #delay(failures: number, maxDelayMs: number): number {
    return delayFor(failures, { ...this.#policy, maxDelayMs }, this.#random);
  }
}
