import type { Clock } from "../clock.ts";
import type { KlipstreamError } from "../errors.ts";
import type { EventLog } from "../log/log.ts";
import { classify, SERVER_ERROR_RETRIES, type Verdict } from "../retry/classify.ts";
import type { Delivery, EntryAnswer } from "./delivery.ts";
import { type Entry, updateIdOf } from "./entry.ts";
import type { Settlement } from "./store.ts";

export type JudgeOptions = {
  clock: Clock;
  log: EventLog;
  /** The backend answered to an entry for good. */
  onAnswer: (entry: Entry, answer: EntryAnswer) => void;
};

/** What a delivery says about the entries that it carried, and about the way to the backend. */
export type Judgement = { settlements: Settlement[]; lesson: Lesson };

export type Lesson =
  /** The backend answered. */
  | { about: "answer" }
  /** The request failed; with `isOwn` while the backend worked. */
  | { about: "failure"; retryAfterMs: number | undefined; isOwn: boolean }
  | { about: "credentials" };

/** Decides where a delivery takes its entries, and tells whoever waits for them. */
export class Judge {
  readonly #options: JudgeOptions;

  constructor(options: JudgeOptions) {
    this.#options = options;
  }

  /** @param isShown - Asked only where it matters: whether the backend is shown to work for others. */
  async judge(
    entries: readonly Entry[],
    delivery: Delivery,
    isShown: () => boolean | Promise<boolean>,
  ): Promise<Judgement> {
    if (delivery.ok) {
      const { answers } = delivery;
      const settlements = entries.map((entry, index) => this.#answered(entry, answers[index]));
      return { settlements, lesson: { about: "answer" } };
    }
    const verdict = classify(delivery.error);
    if (verdict.action === "refreshCredentials")
      return { settlements: [], lesson: { about: "credentials" } };
    const [only] = entries;
    if (entries.length > 1 || only === undefined || verdict.action === "retry")
      return failure(verdict, { isOwn: false });
    if (verdict.action === "giveUp") {
      const settlements = [this.#bury(only, delivery.error)];
      return { settlements, lesson: { about: "answer" } };
    }
    if (!(await isShown())) return failure(verdict, { isOwn: false });
    return this.#ownFailure(only, delivery.error, verdict);
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

  #ownFailure(entry: Entry, error: KlipstreamError, verdict: Verdict): Judgement {
    const failures = entry.failures + 1;
    if (verdict.action === "giveUpIfAlone" || failures > SERVER_ERROR_RETRIES)
      return { settlements: [this.#bury(entry, error)], lesson: { about: "answer" } };
    const { lesson } = failure(verdict, { isOwn: true });
    return { settlements: [{ seq: entry.seq, to: "pending", failures }], lesson };
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

function failure(verdict: Verdict, { isOwn }: { isOwn: boolean }): Judgement {
  const retryAfterMs = verdict.action === "retry" ? verdict.retryAfterMs : undefined;
  return { settlements: [], lesson: { about: "failure", retryAfterMs, isOwn } };
}
