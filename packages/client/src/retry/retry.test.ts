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
import { VirtualClock } from "../testing/VirtualClock.ts";
import { Backoff, EMPTY_BUDGET_MAX_DELAY_MS } from "./backoff.ts";
import { classify, isRetryableStatus, type Verdict } from "./classify.ts";
import { clampRetryAfter, DEFAULT_RETRY_POLICY, delayFor } from "./delay.ts";
import { retry } from "./retry.ts";
import { OUTAGE_KNOWN_AFTER_FAILURES, RetryBudget } from "./retryBudget.ts";

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
    [new RequestRefusedError("-"), "giveUpIfAlone"],
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
      expect(budget.pay(failures)).toBe(true);
  });

  it("pays one retry for every ten updates", () => {
    const budget = new RetryBudget();
    for (let update = 0; update < 20; update++) budget.earn();
    expect([1, 2, 3].map(() => budget.pay(20))).toEqual([true, true, false]);
  });

  it("saves up at most ten retries", () => {
    const budget = new RetryBudget();
    for (let update = 0; update < 1000; update++) budget.earn();
    expect(Array.from({ length: 11 }, () => budget.pay(20)).filter(Boolean)).toHaveLength(10);
  });
});

describe("a wait", () => {
  const setUp = () => {
    const clock = new VirtualClock();
    return {
      clock,
      backoff: new Backoff({ policy: DEFAULT_RETRY_POLICY, random: () => 0, clock }),
    };
  };

  it("goes on doubling past the usual cap while nothing pays for a retry", () => {
    const { backoff } = setUp();
    const waits = [6, 7, 8, 50].map((failures) => backoff.after(failures, undefined).until);
    expect(waits).toEqual([16_000, 32_000, 64_000, EMPTY_BUDGET_MAX_DELAY_MS]);
  });

  it("is cut short to the usual cap once ten updates have been accepted, the first one first", () => {
    const { backoff } = setUp();
    const waits = [backoff.after(20, undefined), backoff.after(20, undefined)];
    for (let update = 0; update < 9; update++) backoff.earn(waits);
    expect(waits.map(({ until }) => until)).toEqual([600_000, 600_000]);
    backoff.earn(waits);
    expect(waits.map(({ until }) => until)).toEqual([30_000, 600_000]);
  });

  it("is as long as the backend asks, and not cut short then", () => {
    const { backoff } = setUp();
    const wait = backoff.after(20, 60_000);
    for (let update = 0; update < 10; update++) backoff.earn([wait]);
    expect(wait).toMatchObject({ until: EMPTY_BUDGET_MAX_DELAY_MS, isAsked: true });
    expect(backoff.after(1, 60_000)).toMatchObject({ until: 60_000 });
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
