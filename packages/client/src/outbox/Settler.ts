import type { Clock } from "../clock.ts";
import type { KlipstreamError } from "../errors.ts";
import type { EventLog } from "../log/log.ts";
import { classify, SERVER_ERROR_RETRIES, type Verdict } from "../retry/classify.ts";
import type { Delivery, EntryAnswer } from "./delivery.ts";
import { type Entry, updateIdOf } from "./entry.ts";
import type { Claim, OutboxStore, Settlement } from "./store.ts";
import type { Failure, Traffic } from "./Traffic.ts";

export type SettlerOptions = {
  deployment: string;
  store: OutboxStore;
  clock: Clock;
  log: EventLog;
  traffic: Traffic;
  /** Asks the backend something that it must refuse, and says whether it did: then it works, whatever else failed. */
  isWorking: () => Promise<boolean>;
  /** The backend answered to an entry for good. */
  onAnswer: (entry: Entry, answer: EntryAnswer) => void;
  /** Nothing will be sent for a while; of one lane only, where it is named. */
  onBlocked: (lane?: string) => void;
  /** Does something with the store; undefined where that failed, which is logged. */
  attempt: <T>(work: () => T) => T | undefined;
};

/** What was known when a request started. */
export type Departure = Pick<Traffic, "epoch" | "throughCount">;

type Fate = "keep" | "count" | "bury" | "pause";
type Situation = "inBatch" | "alone" | "aloneWhileItWorks";

/**
 * What becomes of the entries of a request that failed, by what its failure calls for. `aloneWhileItWorks`: the backend is shown to
 * work for others, so the failure is the entry's own.
 *
 * - **keep**: they stay pending. The lane waits, or the backend where it is away.
 * - **count**: as keep, but the entry's own failures are counted. After {@link SERVER_ERROR_RETRIES} of them it is buried.
 * - **bury**: the entry becomes a dead letter.
 * - **pause**: they stay pending until the credentials are accepted.
 */
export const FATES = {
  retry: { inBatch: "keep", alone: "keep", aloneWhileItWorks: "keep" },
  retryFew: { inBatch: "keep", alone: "keep", aloneWhileItWorks: "count" },
  giveUpIfAlone: { inBatch: "keep", alone: "keep", aloneWhileItWorks: "bury" },
  giveUp: { inBatch: "keep", alone: "bury", aloneWhileItWorks: "bury" },
  refreshCredentials: { inBatch: "pause", alone: "pause", aloneWhileItWorks: "pause" },
} as const satisfies Record<Verdict["action"], Record<Situation, Fate>>;

/** Takes each entry of a delivery to where its answer says, tells who waits for it, and lets `Traffic` learn from it. */
export class Settler {
  readonly #options: SettlerOptions;
  #asked: Promise<boolean> | undefined;

  constructor(options: SettlerOptions) {
    this.#options = options;
  }

  async settle(claim: Claim, delivery: Delivery, departure: Departure): Promise<void> {
    const { entries } = claim;
    const lanes = lanesOf(entries);
    if (delivery.ok) {
      const { answers } = delivery;
      this.#reached(lanes);
      this.#write(
        claim,
        entries.map((entry, index) => this.#answered(entry, answers[index])),
      );
      return;
    }
    const { error } = delivery;
    const verdict = classify(error);
    const fate = await this.#fateOf(entries, verdict, departure);
    this.#write(claim, this.#settlementsOf(entries, fate, error));
    if (fate === "bury") this.#reached(lanes);
    else if (fate === "pause") this.#refused(delivery);
    else {
      const retryAfterMs = verdict.action === "retry" ? verdict.retryAfterMs : undefined;
      this.#failed(lanes, error, {
        isOwn: fate === "count",
        epoch: departure.epoch,
        retryAfterMs,
      });
    }
  }

  async #fateOf(
    entries: readonly Entry[],
    { action }: Verdict,
    { throughCount }: Departure,
  ): Promise<Fate> {
    const { inBatch, alone, aloneWhileItWorks } = FATES[action];
    const [only] = entries;
    if (entries.length > 1 || only === undefined) return inBatch;
    if (alone === aloneWhileItWorks) return alone;
    const isShown = this.#options.traffic.throughCount > throughCount || (await this.#ask());
    const fate = isShown ? aloneWhileItWorks : alone;
    return fate === "count" && only.failures >= SERVER_ERROR_RETRIES ? "bury" : fate;
  }

  /** Whether the backend works, by asking it; once for all that want to know at the same time. Not while nothing gets through anyway. */
  #ask(): boolean | Promise<boolean> {
    const { traffic, isWorking } = this.#options;
    if (traffic.mode === "away") return false;
    this.#asked ??= isWorking()
      .then((isShown) => {
        if (isShown) this.#reached([]);
        return isShown;
      })
      .finally(() => (this.#asked = undefined));
    return this.#asked;
  }

  #settlementsOf(entries: readonly Entry[], fate: Fate, error: KlipstreamError): Settlement[] {
    if (fate === "bury") return entries.map((entry) => this.#bury(entry, error));
    if (fate !== "count") return [];
    return entries.map(({ seq, failures }) => ({ seq, to: "pending", failures: failures + 1 }));
  }

  #write({ lease }: Claim, settlements: readonly Settlement[]): void {
    const { store, attempt } = this.#options;
    attempt(() => store.settle(lease, settlements));
  }

  #answered(entry: Entry, answer: EntryAnswer | undefined): Settlement {
    if (answer === undefined) return { seq: entry.seq, to: "pending" };
    if (!answer.accepted) return this.#bury(entry, answer.error);
    const { log, onAnswer } = this.#options;
    const { outcome } = answer;
    const { twitchId } = entry;
    const updateId = updateIdOf(entry.content);
    log.write("update.acknowledged", outcome, { twitchId, updateId, outcome });
    onAnswer(entry, answer);
    return { seq: entry.seq, to: "acknowledged" };
  }

  #bury(entry: Entry, error: KlipstreamError): Settlement {
    const { clock, log, onAnswer } = this.#options;
    const { code, httpStatus, requestId } = error;
    const message = log.redactor.text(error.message);
    const updateId = updateIdOf(entry.content);
    const fields = { twitchId: entry.twitchId, updateId, code, httpStatus, requestId };
    log.write("update.dead_lettered", message, fields);
    onAnswer(entry, { accepted: false, error });
    const refusal = { code, message, httpStatus, requestId };
    return { seq: entry.seq, to: "deadLettered", refusal, at: clock.now() };
  }

  /** The backend answered to these lanes; without any, it is shown to work. */
  #reached(lanes: readonly string[]): void {
    const { traffic, log } = this.#options;
    const { wereRefused, wasAway } = traffic.through(lanes);
    if (wereRefused) log.write("auth.accepted", "the backend accepts the credentials again");
    if (wasAway)
      log.write("delivery.recovered", "the backend can be reached again", {
        pending: this.#countPending(),
      });
  }

  #failed(lanes: readonly string[], { code }: KlipstreamError, failure: Failure): void {
    const { traffic, clock, log, onBlocked } = this.#options;
    const [lane] = lanes;
    if (lanes.length > 1 || lane === undefined) {
      traffic.batchFailed(lanes);
      return;
    }
    const wait = traffic.failed(lane, failure);
    const isAway = traffic.mode === "away";
    const blocked = isAway ? undefined : lane;
    onBlocked(blocked);
    log.write(
      "delivery.retrying",
      isAway
        ? "the backend cannot be reached; updates are kept"
        : "this video's updates are kept; others go on",
      {
        twitchId: blocked,
        code,
        attempt: wait.failures,
        delayMs: Math.max(0, Math.round(wait.until - clock.monotonic())),
        pending: this.#countPending(),
      },
    );
  }

  /** The backend refused the credentials. */
  #refused({ error, refreshMayHelp }: Delivery & { ok: false }): void {
    const { traffic, log, onBlocked } = this.#options;
    const { code, httpStatus, requestId } = error;
    if (refreshMayHelp) {
      log.write("auth.refreshed", "the token was refused; trying a fresh one", { code, requestId });
      return;
    }
    if (!traffic.areCredentialsRefused)
      log.write(
        "auth.refused",
        `the backend refuses the credentials: ${error.message}; updates are kept and sent once CONVEX_API_KEY is mended`,
        { code, httpStatus, requestId, pending: this.#countPending() },
      );
    traffic.pause();
    onBlocked();
  }

  #countPending(): number | undefined {
    const { store, deployment, attempt } = this.#options;
    return attempt(() => store.stats(deployment).pending);
  }
}

/** The lanes of some entries, each once. */
export function lanesOf(entries: readonly Entry[]): string[] {
  return [...new Set(entries.map(({ twitchId }) => twitchId))];
}
