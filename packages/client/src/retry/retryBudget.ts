/** After this many failures in a row it is taken for an outage. The delay has reached its cap by then, after about 30 s. */
export const OUTAGE_KNOWN_AFTER_FAILURES = 7;

/** What an accepted update adds to the budget: retries are a tenth of the traffic. */
export const RETRIES_PER_UPDATE = 0.1;

/** Most retries that can be saved up. */
export const BUDGET_MAX_RETRIES = 10;

/**
 * Keeps an outage quiet. Once it is known, a retry costs one unit, and only accepted updates earn units. Without a unit the
 * delay goes on doubling past its usual cap. So a client that reports nothing asks the backend very rarely.
 */
export class RetryBudget {
  #units = 0;

  /** An update was accepted. */
  earn(): void {
    this.#units = Math.min(BUDGET_MAX_RETRIES, this.#units + RETRIES_PER_UPDATE);
  }

  /**
   * Pays for one retry, if it costs anything.
   *
   * @param failures - How many attempts have failed in a row.
   * @returns Whether it is paid for.
   */
  pay(failures: number): boolean {
    if (failures < OUTAGE_KNOWN_AFTER_FAILURES) return true;
    // Ten tenths are not exactly one in floating point.
    if (this.#units < 1 - 1e-9) return false;
    this.#units -= 1;
    return true;
  }
}
