import type { Clock } from "../clock.ts";
import type { KlipstreamError } from "../errors.ts";
import type { EventLog } from "../log/log.ts";
import { classify, SERVER_ERROR_RETRIES } from "../retry/classify.ts";
import { delayFor, type Random, type RetryPolicy } from "../retry/delay.ts";
import type { EntryAnswer } from "./delivery.ts";
import { type Entry, updateIdOf } from "./entry.ts";
import { HOLD_MAX_MS, type Settlement } from "./store.ts";

export type JudgeOptions = {
  policy: RetryPolicy;
  clock: Clock;
  random: Random;
  log: EventLog;
  /** The backend answered to an entry for good. */
  onAnswer: (entry: Entry, answer: EntryAnswer) => void;
};

/** Decides where the backend's answer takes an entry, and tells whoever waits for it. */
export class Judge {
  readonly #options: JudgeOptions;

  constructor(options: JudgeOptions) {
    this.#options = options;
  }

  settle(entry: Entry, answer: EntryAnswer | undefined): Settlement {
    const { seq, twitchId } = entry;
    if (answer === undefined) return { seq, to: "pending" };
    if (!answer.accepted) return this.#refuse(entry, answer.error);
    const { log, onAnswer } = this.#options;
    const { outcome } = answer;
    const updateId = updateIdOf(entry.content);
    log.write("update.acknowledged", outcome, { twitchId, updateId, outcome });
    onAnswer(entry, answer);
    return { seq, to: "acknowledged" };
  }

  #refuse(entry: Entry, error: KlipstreamError): Settlement {
    const { action } = classify(error);
    if (action === "giveUp") return this.#bury(entry, error);
    if (action === "retryFew") return this.#holdOrBury(entry, error);
    return { seq: entry.seq, to: "pending" };
  }

  #holdOrBury(entry: Entry, error: KlipstreamError): Settlement {
    const { clock, random, policy } = this.#options;
    const failures = entry.failures + 1;
    if (failures > SERVER_ERROR_RETRIES) return this.#bury(entry, error);
    const delayMs = Math.min(HOLD_MAX_MS, delayFor(failures, policy, random));
    return { seq: entry.seq, to: "pending", held: { failures, until: clock.now() + delayMs } };
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
}
