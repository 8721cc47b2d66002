import { momentOf, sleep } from "../clock.ts";
import {
  KlipstreamError,
  ManagerClosedError,
  messageOf,
  OutboxUnwritableError,
} from "../errors.ts";
import type { EntryAnswer, UpdateAnswer } from "./delivery.ts";
import { Dispatcher, type DispatcherOptions } from "./Dispatcher.ts";
import { type Entry, type EntryContent, twitchIdOf, updateIdOf } from "./entry.ts";
import { GroupCommit } from "./GroupCommit.ts";
import type { OutboxStats } from "./store.ts";

export type OutboxOptions = Omit<DispatcherOptions, "onAnswer" | "onBlocked"> & {
  /** Given where many callers share this outbox; one pipeline needs none of it. */
  sharing?: Sharing | undefined;
};

/** Updates that arrive together share one wait for the disk: they are on disk when they are answered, not when the call returns. */
export type Sharing = {
  /** Told of each answer to an entry that this process has sent. */
  onAnswer: (entry: Entry, answer: EntryAnswer) => void;
};

/**
 * What is thought of the backend.
 *
 * - `open`: updates get through.
 * - `away`: nothing gets through; one small probe at a time is sent.
 * - `paused`: it refuses the credentials; one probe every 30 s.
 * - `closed`: nothing is sent any more.
 */
export type BackendState = "open" | "away" | "paused" | "closed";

/** What `flush` and `close` achieved. */
export type FlushResult = {
  /** Whether every update that was accepted before the call is acknowledged or a dead letter. */
  delivered: boolean;
  /** How many entries are pending in the outbox for this deployment, those of other processes included. */
  pending: number;
};

/** A caller that waits for the answer to its entry; null: it is not to wait any longer. */
type Caller = { twitchId: string; answer: (answer: EntryAnswer | null) => void };

/** How often `flush` looks whether it is done. */
const FLUSH_LOOK_MS = 25;

const QUEUED = { accepted: true, outcome: "queued" } as const;

/** Keeps each update until the backend has acknowledged it: makes it durable, has it delivered, and tells its caller the answer. */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #dispatcher: Dispatcher;
  /** Only with `sharing`. */
  readonly #group: GroupCommit | undefined;
  /** By the number of their entry. */
  readonly #callers = new Map<number, Caller>();
  /** A caller has waited in vain since the last answer: the next one would, too. */
  #isBackendSilent = false;
  #isClosed = false;

  constructor(options: OutboxOptions) {
    const { store, sharing } = options;
    this.#options = options;
    this.#group = sharing && new GroupCommit(store);
    this.#dispatcher = new Dispatcher({
      ...options,
      onAnswer: (entry, answer) => {
        this.#tellSharers(entry, answer);
        this.#answered(entry, answer);
      },
      onBlocked: (lane) => this.#stopWaiting(lane),
    });
    // What an earlier process left.
    this.#dispatcher.wake();
  }

  /** In one word: what is thought of the backend. See `Traffic`. */
  get state(): Dispatcher["state"] {
    return this.#dispatcher.state;
  }

  /** Whether an update of this lane that is accepted now would have to wait. */
  isBlocked(lane: string): boolean {
    return this.#dispatcher.isBlocked(lane);
  }

  /** Ends every wait for the backend now, unless the backend asked for it. */
  hurry(): void {
    this.#dispatcher.hurry();
  }

  /** The books of this deployment. */
  stats(): OutboxStats {
    const { store, deployment } = this.#options;
    return store.stats(deployment);
  }

  /**
   * Makes an update durable, has it delivered, and waits a little for the answer. It is on disk when the call returns; with
   * `sharing`, when it is answered. Never throws.
   *
   * @param update.waitMs - How long to wait for the backend's answer at most, in milliseconds.
   */
  async accept(update: { content: EntryContent; waitMs: number }): Promise<UpdateAnswer> {
    const { content, waitMs } = update;
    const { log, onStep } = this.#options;
    const identity = { twitchId: twitchIdOf(content), updateId: updateIdOf(content) };
    const kept = this.#keep(content);
    // Nothing else is awaited: `close` must find the caller among those that wait, or have it not wait at all.
    const entry = kept instanceof Promise ? await kept : kept;
    if (entry instanceof KlipstreamError) {
      log.write("update.rejected", entry.message, { ...identity, code: entry.code });
      return { accepted: false, error: entry };
    }
    onStep("accepted");
    log.write("update.accepted", "kept in the outbox", identity);
    const mayWait = !this.#isClosed && !this.isBlocked(entry.twitchId);
    const answer = this.#waitForAnswer(entry, mayWait ? waitMs : 0);
    this.#dispatcher.accepted();
    return (await answer) ?? QUEUED;
  }

  /** Waits until every update that was accepted before the call is delivered, at most for a time. */
  async flush(timeoutMs: number): Promise<FlushResult> {
    const { clock } = this.#options;
    const deadline = clock.monotonic() + timeoutMs;
    const { newestSeq } = this.stats();
    this.hurry();
    for (;;) {
      const { oldestSeq, pending } = this.stats();
      const delivered = oldestSeq === null || newestSeq === null || oldestSeq > newestSeq;
      const leftMs = deadline - clock.monotonic();
      if (delivered || leftMs <= 0) return { delivered, pending };
      await sleep(clock, Math.min(FLUSH_LOOK_MS, leftMs));
    }
  }

  /** Accepts nothing more, flushes, and gives the store back, also where that cannot be read any more. */
  async close(timeoutMs: number): Promise<FlushResult> {
    const { clock, store, log } = this.#options;
    const deadline = clock.monotonic() + timeoutMs;
    this.#isClosed = true;
    this.#group?.commitAll();
    this.#stopWaiting();
    const result = await this.flush(timeoutMs).finally(async () => {
      await this.#dispatcher.close(Math.max(0, deadline - clock.monotonic()));
      store.close();
    });
    log.write("manager.closed", "closed", { pending: result.pending });
    return result;
  }

  #keep(content: EntryContent): Entry | KlipstreamError | Promise<Entry | KlipstreamError> {
    if (this.#isClosed) return new ManagerClosedError();
    const { deployment, store, clock, onStep } = this.#options;
    const { at: acceptedAt, uptime: acceptedUptime } = momentOf(clock);
    const twitchId = twitchIdOf(content);
    try {
      onStep("accepting");
      const given = { deployment, twitchId, content, acceptedAt, acceptedUptime };
      const entry = (this.#group ?? store).append(given);
      return entry instanceof Promise ? entry.catch(toOutboxFailure) : entry;
    } catch (error) {
      return toOutboxFailure(error);
    }
  }

  /** Null: it waits in the outbox. */
  #waitForAnswer({ seq, twitchId }: Entry, waitMs: number): Promise<EntryAnswer | null> {
    if (waitMs === 0 || this.#isBackendSilent) return Promise.resolve(null);
    return new Promise((resolve) => {
      const answer = (given: EntryAnswer | null) => {
        cancel();
        this.#callers.delete(seq);
        resolve(given);
      };
      const giveUp = () => {
        this.#isBackendSilent = true;
        answer(null);
      };
      const cancel = this.#options.clock.after(waitMs, giveUp, { keepAlive: true });
      this.#callers.set(seq, { twitchId, answer });
    });
  }

  /** What goes wrong there, a full disk for example, must not keep the entry from being settled: it would be sent again and again. */
  #tellSharers(entry: Entry, answer: EntryAnswer): void {
    const { sharing, log } = this.#options;
    try {
      sharing?.onAnswer(entry, answer);
    } catch (error) {
      log.write("outbox.failed", messageOf(error));
    }
  }

  #answered({ seq }: Entry, answer: EntryAnswer): void {
    this.#isBackendSilent = false;
    this.#callers.get(seq)?.answer(answer);
  }

  /** Nothing will be sent for a while, of this lane or of any: nobody needs to wait for it. */
  #stopWaiting(lane?: string): void {
    for (const { twitchId, answer } of [...this.#callers.values()])
      if (lane === undefined || twitchId === lane) answer(null);
  }
}

function toOutboxFailure(error: unknown): KlipstreamError {
  if (error instanceof KlipstreamError) return error;
  const why = messageOf(error);
  return new OutboxUnwritableError(`the outbox cannot be written: ${why}`, { cause: error });
}
