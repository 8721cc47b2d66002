/** After this many failures in a row an outage is known: by then the delay has reached its cap, about 30 s in. */
export const OUTAGE_KNOWN_AFTER_FAILURES = 7;

/** What an accepted update adds to the budget: retries are a tenth of the traffic. */
export const RETRIES_PER_UPDATE = 0.1;

/** Most retries that can be saved up. */
export const BUDGET_MAX_RETRIES = 10;

/** The cap of the delay while the budget is empty. */
export const EMPTY_BUDGET_MAX_DELAY_MS = 600_000;

/**
 * Keeps an outage quiet. Once it is known, a retry costs one unit, and only accepted updates earn units. While there is
 * none, the delay goes on doubling past its usual cap, so that a backend that nobody reports to is hardly asked at all.
 */
export class RetryBudget {
  #units = 0;
  #isWaitingLong = false;

  /** An update was accepted. */
  earn(): void {
    this.#units = Math.min(BUDGET_MAX_RETRIES, this.#units + RETRIES_PER_UPDATE);
  }

  /**
   * Chooses the cap of the delay before the next attempt, and pays for it.
   *
   * @param failures - How many attempts have failed in a row.
   * @param maxDelayMs - The usual cap.
   */
  spend(failures: number, maxDelayMs: number): number {
    this.#isWaitingLong = failures >= OUTAGE_KNOWN_AFTER_FAILURES && !this.#pay();
    return this.#isWaitingLong ? Math.max(maxDelayMs, EMPTY_BUDGET_MAX_DELAY_MS) : maxDelayMs;
  }

  /** Whether a wait that was long for want of a unit can be cut short to the usual cap now; pays for it. */
  payForSooner(): boolean {
    if (!this.#isWaitingLong || !this.#pay()) return false;
    this.#isWaitingLong = false;
    return true;
  }

  #pay(): boolean {
    // Tenths do not add up to one exactly.
    if (this.#units < 1 - 1e-9) return false;
    this.#units -= 1;
    return true;
  }
}
