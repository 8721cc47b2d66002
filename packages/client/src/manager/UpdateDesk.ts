import { type Clock, momentOf } from "../clock.ts";
import { KlipstreamError, ManagerClosedError, OutboxUnwritableError } from "../errors.ts";
import type { EventLog } from "../log/log.ts";
import type { DeliveryStep, EntryAnswer } from "../outbox/delivery.ts";
import type { Dispatcher } from "../outbox/Dispatcher.ts";
import { type Entry, type NewEntry, updateIdOf } from "../outbox/entry.ts";
import type { CheckedUpdate } from "./checkUpdate.ts";
import type { UpdateResult } from "./results.ts";

export type UpdateDeskOptions = {
  deployment: string;
  /** Makes an entry durable. Where it is not a promise, the entry is on disk when `take` returns. */
  append: (entry: NewEntry) => Entry | Promise<Entry>;
  clock: Clock;
  log: EventLog;
  onStep: (step: DeliveryStep) => void;
};

/** A caller that waits for the answer to its entry; null: it is not to wait any longer. */
type Waiting = { twitchId: string; finish: (answer: EntryAnswer | null) => void };

type Identity = { twitchId: string; updateId: string };

/** Takes updates in: durable first, then waits a little for the backend's answer. */
export class UpdateDesk {
  readonly #options: UpdateDeskOptions;
  readonly #waiting = new Map<number, Waiting>();
  /** A wait has run out since the last answer: another would hold the caller up for nothing. */
  #isBackendSilent = false;
  #isClosed = false;

  constructor(options: UpdateDeskOptions) {
    this.#options = options;
  }

  /** The backend answered to an entry. */
  answered(entry: Entry, answer: EntryAnswer): void {
    this.#isBackendSilent = false;
    this.#waiting.get(entry.seq)?.finish(answer);
  }

  /** Nothing will be sent for a while, of this lane or of any: nobody needs to wait for it. */
  blocked(lane?: string): void {
    for (const { twitchId, finish } of [...this.#waiting.values()])
      if (lane === undefined || twitchId === lane) finish(null);
  }

  close(): void {
    this.#isClosed = true;
    this.blocked();
  }

  /** Accepts an update, or says why not. Never throws. */
  async take(
    identity: Identity,
    checked: CheckedUpdate,
    dispatcher: Dispatcher,
  ): Promise<UpdateResult> {
    if (!checked.ok) return this.#reject(identity, checked.error);
    const appended = this.#append(checked, identity.twitchId);
    const entry = appended instanceof Promise ? await appended : appended;
    if (entry instanceof KlipstreamError) return this.#reject(identity, entry);
    const answer = this.#waitFor(
      entry,
      dispatcher.isBlocked(identity.twitchId) ? 0 : checked.waitMs,
    );
    dispatcher.accepted();
    return resultOf(identity, await answer);
  }

  #append(
    { content }: CheckedUpdate & { ok: true },
    twitchId: string,
  ): Entry | KlipstreamError | Promise<Entry | KlipstreamError> {
    if (this.#isClosed) return new ManagerClosedError();
    const { append, deployment, clock, onStep } = this.#options;
    try {
      onStep("accepting");
      const { at: acceptedAt, uptime: acceptedUptime } = momentOf(clock);
      const entry = append({ deployment, twitchId, content, acceptedAt, acceptedUptime });
      if (!(entry instanceof Promise)) return this.#accepted(entry);
      return entry.then((appended) => this.#accepted(appended), toOutboxFailure);
    } catch (error) {
      return toOutboxFailure(error);
    }
  }

  #accepted(entry: Entry): Entry {
    const { log, onStep } = this.#options;
    onStep("accepted");
    const { twitchId, content } = entry;
    log.write("update.accepted", "kept in the outbox", { twitchId, updateId: updateIdOf(content) });
    return entry;
  }

  #waitFor(entry: Entry, waitMs: number): Promise<EntryAnswer | null> {
    if (waitMs === 0 || this.#isBackendSilent) return Promise.resolve(null);
    return new Promise((resolve) => {
      const finish = (answer: EntryAnswer | null) => {
        cancel();
        this.#waiting.delete(entry.seq);
        resolve(answer);
      };
      const cancel = this.#options.clock.after(
        waitMs,
        () => {
          this.#isBackendSilent = true;
          finish(null);
        },
        { keepAlive: true },
      );
      this.#waiting.set(entry.seq, { twitchId: entry.twitchId, finish });
    });
  }

  #reject(identity: Identity, error: KlipstreamError): UpdateResult {
    const { log } = this.#options;
    log.write("update.rejected", error.message, { ...identity, code: error.code });
    return { ok: false, outcome: "rejected", ...identity, error };
  }
}

function resultOf(identity: Identity, answer: EntryAnswer | null): UpdateResult {
  if (answer === null) return { ok: true, outcome: "queued", ...identity };
  if (answer.accepted)
    return { ok: true, outcome: answer.outcome, ...identity, answer: answer.answer };
  return { ok: false, outcome: "rejected", ...identity, error: answer.error };
}

function toOutboxFailure(error: unknown): KlipstreamError {
  if (error instanceof KlipstreamError) return error;
  const why = error instanceof Error ? error.message : String(error);
  return new OutboxUnwritableError(`the outbox cannot be written: ${why}`, { cause: error });
}
