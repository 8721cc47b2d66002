import type { Clock } from "../clock.ts";
import { delayFor, type Random, type RetryPolicy } from "../retry/delay.ts";
import { RetryBudget } from "../retry/retryBudget.ts";
import { BATCH_MAX_COUNT } from "./store.ts";

/** Most requests in flight while all is well. */
export const IN_FLIGHT_MAX_COUNT = 4;

/**
 * What the outbox knows of the way to the backend: how many failures in a row, hence how much to send at once and how long to wait.
 * During an outage one small probe at a time; with each success after it, twice as much.
 */
export class BackendHealth {
  readonly #policy: RetryPolicy;
  readonly #random: Random;
  readonly #clock: Clock;
  readonly #budget = new RetryBudget();
  #failures = 0;
  #failedAt = 0;
  #batchLimit = BATCH_MAX_COUNT;

  constructor(ambient: { policy: RetryPolicy; random: Random; clock: Clock }) {
    this.#policy = ambient.policy;
    this.#random = ambient.random;
    this.#clock = ambient.clock;
  }

  /** Failures in a row. */
  get failures(): number {
    return this.#failures;
  }

  get inFlightLimit(): number {
    return this.#failures === 0 ? IN_FLIGHT_MAX_COUNT : 1;
  }

  get batchLimit(): number {
    return this.#batchLimit;
  }

  /** @returns Whether this ended an outage. */
  succeeded(): boolean {
    const wasOut = this.#failures > 0;
    this.#failures = 0;
    this.#batchLimit = Math.min(BATCH_MAX_COUNT, this.#batchLimit * 2);
    return wasOut;
  }

  /**
   * Counts a failure.
   *
   * @returns How long to wait, in milliseconds.
   */
  failed(retryAfterMs = 0): number {
    this.#failures += 1;
    this.#failedAt = this.#clock.monotonic();
    this.#batchLimit = 1;
    const maxDelayMs = this.#budget.spend(this.#failures, this.#policy.maxDelayMs);
    const policy = { ...this.#policy, maxDelayMs };
    return Math.max(retryAfterMs, delayFor(this.#failures, policy, this.#random));
  }

  /**
   * An update was accepted: it earns a part of a retry.
   *
   * @returns The moment on the monotonic clock at which the next attempt can be afforded now, or null when that did not change.
   */
  earn(): number | null {
    this.#budget.earn();
    if (this.#failures === 0 || !this.#budget.payForSooner()) return null;
    return this.#failedAt + delayFor(this.#failures, this.#policy, this.#random);
  }
}
