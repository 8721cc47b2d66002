import fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  BackendUnavailableError,
  ConfigurationError,
  CredentialsRefusedError,
  InvalidInputError,
  OutboxFullError,
  RequestRefusedError,
  ServerError,
  TokenUnavailableError,
  UpdateRefusedError,
  VideoNotFoundError,
} from "../errors.ts";
import { VirtualClock } from "../VirtualClock.ts";
import { classify, isRetryableStatus, type Verdict } from "./classify.ts";
import { clampRetryAfter, DEFAULT_RETRY_POLICY, delayFor } from "./delay.ts";
import { retry } from "./retry.ts";
import {
  EMPTY_BUDGET_MAX_DELAY_MS,
  OUTAGE_KNOWN_AFTER_FAILURES,
  RetryBudget,
} from "./retryBudget.ts";

describe("classify", () => {
  it.each<[Error, Verdict["action"]]>([
    [new BackendUnavailableError("timeout", "-"), "retry"],
    [new ServerError("-"), "retryFew"],
    [new CredentialsRefusedError("UNAUTHENTICATED", "-"), "refreshCredentials"],
    [new CredentialsRefusedError("FORBIDDEN", "-"), "refreshCredentials"],
    [new TokenUnavailableError("-"), "refreshCredentials"],
    [new VideoNotFoundError("-"), "giveUp"],
    [new InvalidInputError([]), "giveUp"],
    [new UpdateRefusedError("UPDATE_ID_REUSED", "-"), "giveUp"],
    [new UpdateRefusedError("NOTHING_TO_ROLL_BACK", "-"), "giveUp"],
    [new RequestRefusedError("-"), "giveUp"],
    [new ConfigurationError("url", "-"), "giveUp"],
    [new OutboxFullError("-"), "giveUp"],
    [new TypeError("a bug"), "giveUp"],
  ])("%s: %s", (error, action) => {
    expect(classify(error).action).toBe(action);
  });

  it("keeps what Retry-After asked for", () => {
    const error = new BackendUnavailableError("status", "-", { retryAfterMs: 7000 });
    expect(classify(error)).toEqual({ action: "retry", retryAfterMs: 7000 });
  });

  it("takes these statuses as 'not now', and no others below 500", () => {
    const retryable = Array.from({ length: 500 }, (_, status) => status).filter(isRetryableStatus);
    expect(retryable).toEqual([404, 408, 421, 425, 429]);
  });
});

describe("delayFor", () => {
  it("doubles up to a cap that is a cap", () => {
    const delays = [1, 2, 3, 7, 8, 50].map((attempt) =>
      delayFor(attempt, DEFAULT_RETRY_POLICY, () => 0),
    );
    expect(delays).toEqual([500, 1000, 2000, 30_000, 30_000, 30_000]);
  });

  it("has jitter downwards, to a half", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2000 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (n, r) => {
          const most = Math.min(30_000, 500 * 2 ** (n - 1));
          const delay = delayFor(n, DEFAULT_RETRY_POLICY, () => r);
          expect(delay).toBeLessThanOrEqual(most);
          expect(delay).toBeGreaterThanOrEqual(most / 2);
        },
      ),
    );
  });

  it("a Retry-After is clamped to 60 s", () => {
    expect([-1, 0, 5000, 3_600_000].map(clampRetryAfter)).toEqual([0, 0, 5000, 60_000]);
  });
});

describe("the retry budget", () => {
  it("costs nothing before an outage is known", () => {
    const budget = new RetryBudget();
    for (let failures = 1; failures < OUTAGE_KNOWN_AFTER_FAILURES; failures++)
      expect(budget.spend(failures, 30_000)).toBe(30_000);
  });

  it("pays one retry for every ten updates, then the delay goes on doubling", () => {
    const budget = new RetryBudget();
    for (let update = 0; update < 20; update++) budget.earn();
    const caps = Array.from({ length: 3 }, () => budget.spend(20, 30_000));
    expect(caps).toEqual([30_000, 30_000, EMPTY_BUDGET_MAX_DELAY_MS]);
  });

  it("cuts a long wait short once it can pay", () => {
    const budget = new RetryBudget();
    budget.spend(20, 30_000);
    for (let update = 0; update < 9; update++) budget.earn();
    expect(budget.payForSooner()).toBe(false);
    budget.earn();
    expect(budget.payForSooner()).toBe(true);
    expect(budget.payForSooner()).toBe(false);
  });

  it("saves up at most ten retries", () => {
    const budget = new RetryBudget();
    for (let update = 0; update < 1000; update++) budget.earn();
    const caps = Array.from({ length: 11 }, () => budget.spend(20, 30_000));
    expect(caps.filter((cap) => cap === 30_000)).toHaveLength(10);
  });
});

describe("retry", () => {
  it("hands back what a later attempt returned", async () => {
    const clock = new VirtualClock();
    const result = retry(
      (attempt) => (attempt < 3 ? Promise.reject(new Error("no")) : Promise.resolve(attempt)),
      { clock, deadline: 10_000, next: () => 1000 },
    );
    await clock.advance(2000);
    expect(await result).toBe(3);
  });

  it("starts no attempt after the deadline, and throws what the last one threw", async () => {
    const clock = new VirtualClock();
    const result = retry((attempt) => Promise.reject(new Error(`attempt ${attempt}`)), {
      clock,
      deadline: 2500,
      next: () => 1000,
    });
    const thrown = expect(result).rejects.toThrow("attempt 3");
    await clock.advance(5000);
    await thrown;
  });
});
