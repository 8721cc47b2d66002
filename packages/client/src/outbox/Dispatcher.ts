import { classify, type Verdict } from "../retry/classify.ts";
import type { Deliver, Delivery, DeliveryStep, EntryAnswer } from "./delivery.ts";
import { type Entry, updateIdOf } from "./entry.ts";
import { BackendHealth } from "./health.ts";
import { createOwner } from "./owner.ts";
import { Judge, type JudgeOptions } from "./Judge.ts";
import {
  type Claim,
  LEASE_RENEWAL_MS,
  type Lease,
  type OutboxStore,
  type Settlement,
} from "./store.ts";

/** While credentials are refused, one attempt in this time. */
export const CREDENTIALS_RETRY_MS = 30_000;

/** How often to look for entries that other processes left, or whose lane was held. */
const LOOK_AGAIN_MS = 1000;

/**
 * The modes of the dispatcher:
 *
 * - **idle**: nothing that may be sent. Entered at the start and when a look finds nothing and nothing is in flight; looks again when an
 *   update is accepted, and every second for what other processes left.
 * - **draining**: requests are in flight. Up to 4 while all is well, one probe after a failure.
 * - **backingOff**: the backend could not be reached; nothing is sent until a moment on the monotonic clock. Left by the clock, or by
 *   `hurry`.
 * - **paused**: the backend refuses the credentials, also fresh ones; one attempt every 30 s.
 * - **closed**: nothing is sent any more.
 */
export type DispatcherMode =
  | { mode: "idle" }
  | { mode: "draining"; inFlight: number }
  | { mode: "backingOff"; until: number; mayHurry: boolean }
  | { mode: "paused"; until: number }
  | { mode: "closed" };

export type DispatcherOptions = JudgeOptions & {
  deployment: string;
  store: OutboxStore;
  deliver: Deliver;
  /** Nothing will be sent for a while. */
  onBlocked: () => void;
  /** Called at each step of an entry's life. */
  onStep: (step: DeliveryStep) => void;
};

/** Sends what the store holds: lane by lane in order, in batches, with one retry policy for all. See {@link DispatcherMode}. */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #health: BackendHealth;
  readonly #judge: Judge;
  readonly #owner = createOwner();
  #mode: DispatcherMode = { mode: "idle" };
  /** Requests that started before the last failure say nothing new by failing. */
  #failureEpoch = 0;
  #credentialsRefused = false;
  /** The store belongs to someone else now. */
  #isAbandoned = false;
  #cancelTimer: () => void = () => undefined;
  #cancelRenewal: () => void = () => undefined;
  readonly #leases = new Set<Lease>();
  #onDrained: (() => void)[] = [];

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.#health = new BackendHealth(options);
    this.#judge = new Judge(options);
  }

  get mode(): DispatcherMode {
    return this.#mode;
  }

  /** Whether an update that is accepted now would be sent soon. */
  get isBlocked(): boolean {
    const { mode } = this.#mode;
    return mode !== "idle" && (mode !== "draining" || this.#health.failures > 0);
  }

  /** Looks for entries now. To be called at the start and whenever one was accepted. */
  wake(): void {
    if (this.#mode.mode === "idle" || this.#mode.mode === "draining") this.#pump();
  }

  /** An update was accepted. */
  accepted(): void {
    const sooner = this.#health.earn();
    if (sooner !== null && this.#mode.mode === "backingOff")
      this.#enter({ ...this.#mode, until: Math.min(this.#mode.until, sooner) });
    this.wake();
  }

  /** Ends a wait for the backend now, unless the backend asked for it: for `flush`. */
  hurry(): void {
    if (this.#mode.mode === "backingOff" && this.#mode.mayHurry) this.#resume();
    else this.wake();
  }

  /**
   * Stops sending. Resolves once nothing is in flight, or after a time: what comes back later is ignored, as if the process had
   * died.
   */
  async close(timeoutMs: number): Promise<void> {
    this.#enter({ mode: "closed" });
    if (this.#leases.size > 0)
      await new Promise<void>((resolve) => {
        const cancel = this.#options.clock.after(timeoutMs, resolve, { keepAlive: true });
        this.#onDrained.push(() => {
          cancel();
          resolve();
        });
      });
    // What is still in flight is sent again by the next process; the backend knows its ids.
    for (const lease of this.#leases) this.#attempt(() => this.#options.store.settle(lease, []));
    this.#isAbandoned = true;
    this.#cancelRenewal();
  }

  #enter(mode: DispatcherMode): void {
    if (this.#mode.mode === "closed") return;
    this.#mode = mode;
    this.#cancelTimer();
    const { clock } = this.#options;
    if (mode.mode === "backingOff" || mode.mode === "paused") {
      this.#cancelTimer = clock.after(mode.until - clock.monotonic(), () => this.#resume());
      this.#options.onBlocked();
    } else if (mode.mode === "idle" && this.#mayMissSomething()) {
      this.#cancelTimer = clock.after(LOOK_AGAIN_MS, () => this.#pump());
    }
  }

  /** A store of this process alone changes only through it; a held lane needs a second look. */
  #mayMissSomething(): boolean {
    const { store, deployment } = this.#options;
    return store.isShared || store.pending(deployment, 1).length > 0;
  }

  #resume(): void {
    if (this.#mode.mode === "closed") return;
    this.#mode = { mode: "idle" };
    this.#pump();
  }

  /** Starts as many requests as there may be. */
  #pump(): void {
    while (this.#mode.mode === "idle" || this.#mode.mode === "draining") {
      const claim = this.#leases.size < this.#health.inFlightLimit ? this.#claim() : null;
      if (claim === null) break;
      this.#leases.add(claim.lease);
      if (this.#leases.size === 1) this.#renewLater();
      this.#enter({ mode: "draining", inFlight: this.#leases.size });
      void this.#run(claim);
    }
    const isUnderWay = this.#mode.mode === "idle" || this.#mode.mode === "draining";
    if (isUnderWay && this.#leases.size === 0) this.#enter({ mode: "idle" });
  }

  #claim(): Claim | null {
    const { store, deployment, clock, onStep } = this.#options;
    const request = { deployment, owner: this.#owner, now: clock.now() };
    const claim = this.#attempt(() => store.claim({ ...request, limit: this.#health.batchLimit }));
    if (claim === undefined || claim === null) return null;
    onStep("claimed");
    return claim;
  }

  async #run(claim: Claim): Promise<void> {
    try {
      await this.#deliver(claim, this.#failureEpoch);
    } catch (error) {
      this.#logFailure(error);
    }
    this.#leases.delete(claim.lease);
    if (this.#leases.size === 0) {
      this.#cancelRenewal();
      for (const drained of this.#onDrained.splice(0)) drained();
    }
    if (this.#mode.mode === "draining")
      this.#enter({ mode: "draining", inFlight: this.#leases.size });
    this.wake();
  }

  async #deliver({ lease, entries }: Claim, epoch: number): Promise<void> {
    const delivery = await this.#send(entries);
    if (delivery.ok) {
      const { answers } = delivery;
      this.#settle(
        lease,
        entries.map((entry, index) => this.#judge.settle(entry, answers[index])),
      );
      return;
    }
    const verdict = classify(delivery.error);
    if (isBlock(verdict)) {
      this.#settle(lease, []);
      this.#block(verdict, delivery, epoch);
      return;
    }
    this.#reached();
    const [first] = entries;
    if (entries.length > 1) await this.#sendOneByOne({ lease, entries }, epoch);
    else if (first !== undefined)
      this.#settle(lease, [this.#judge.settle(first, answerOf(delivery))]);
  }

  async #send(entries: readonly Entry[]): Promise<Delivery> {
    const { deliver, onStep, log } = this.#options;
    const attempt = this.#health.failures + 1;
    onStep("sending");
    const delivery = await deliver(entries);
    onStep("answered");
    const { durationMs, httpStatus, requestId } = delivery;
    const only = entries.length === 1 ? entries[0] : undefined;
    const fields = {
      twitchId: only?.twitchId,
      updateId: only && updateIdOf(only.content),
      count: entries.length,
      attempt,
      durationMs,
      httpStatus,
      requestId,
    };
    if (delivery.ok) {
      log.write("delivery.sent", "delivered", fields);
      this.#reached();
    } else {
      const { code, message } = delivery.error;
      log.write("delivery.failed", message, { ...fields, code });
    }
    return delivery;
  }

  /** The backend answered. */
  #reached(): void {
    const { log } = this.#options;
    if (this.#credentialsRefused)
      log.write("auth.accepted", "the backend accepts the credentials again");
    this.#credentialsRefused = false;
    if (this.#health.succeeded())
      log.write("delivery.recovered", "the backend can be reached again", {
        pending: this.#countPending(),
      });
  }

  /** Finds the guilty entries of a batch that was refused as a whole. */
  async #sendOneByOne({ lease, entries }: Claim, epoch: number): Promise<void> {
    const stopped = new Set<string>();
    for (const entry of entries) {
      if (stopped.has(entry.twitchId)) continue;
      const delivery = await this.#send([entry]);
      const verdict = delivery.ok ? undefined : classify(delivery.error);
      if (!delivery.ok && verdict !== undefined && isBlock(verdict)) {
        this.#block(verdict, delivery, epoch);
        break;
      }
      const settlement = this.#judge.settle(entry, answerOf(delivery));
      // What comes after an entry that stays has to wait for it.
      if (settlement.to === "pending") stopped.add(entry.twitchId);
      this.#settle(lease, [settlement], { keepLease: true });
    }
    this.#settle(lease, []);
  }

  #block(verdict: Verdict, failure: Delivery & { ok: false }, epoch: number): void {
    if (verdict.action === "refreshCredentials") this.#pauseForCredentials(failure);
    else if (verdict.action === "retry" && epoch === this.#failureEpoch)
      this.#backOff(verdict.retryAfterMs);
  }

  #backOff(retryAfterMs: number | undefined): void {
    const { clock, log } = this.#options;
    this.#failureEpoch += 1;
    const delayMs = this.#health.failed(retryAfterMs);
    const { failures } = this.#health;
    log.write("delivery.retrying", "the backend cannot be reached; updates are kept", {
      attempt: failures,
      delayMs: Math.round(delayMs),
      pending: this.#countPending(),
    });
    const mayHurry = retryAfterMs === undefined;
    this.#enter({ mode: "backingOff", until: clock.monotonic() + delayMs, mayHurry });
  }

  #pauseForCredentials({ error, refreshMayHelp }: Delivery & { ok: false }): void {
    const { clock, log } = this.#options;
    const { code, httpStatus, requestId } = error;
    if (refreshMayHelp) {
      log.write("auth.refreshed", "the token was refused; trying a fresh one", { code, requestId });
      return;
    }
    if (!this.#credentialsRefused)
      log.write(
        "auth.refused",
        `the backend refuses the credentials: ${error.message}; updates are kept and sent once CONVEX_API_KEY is mended`,
        { code, httpStatus, requestId, pending: this.#countPending() },
      );
    this.#credentialsRefused = true;
    this.#enter({ mode: "paused", until: clock.monotonic() + CREDENTIALS_RETRY_MS });
  }

  #settle(lease: Lease, settlements: Settlement[], options?: { keepLease: boolean }): void {
    const { store, onStep } = this.#options;
    this.#attempt(() => store.settle(lease, settlements, options));
    onStep("settled");
  }

  /** A store that fails keeps what it has: the lease runs out, and the entry is sent again. */
  #attempt<T>(work: () => T): T | undefined {
    if (this.#isAbandoned) return undefined;
    try {
      return work();
    } catch (error) {
      this.#logFailure(error);
      return undefined;
    }
  }

  #logFailure(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    this.#options.log.write("outbox.failed", message);
  }

  #countPending(): number | undefined {
    const { store, deployment } = this.#options;
    return this.#attempt(() => store.stats(deployment).pending);
  }

  /** Only of what is in flight: a lease whose settlement failed must run out. */
  #renewLater(): void {
    const { store, clock } = this.#options;
    this.#cancelRenewal = clock.after(LEASE_RENEWAL_MS, () => {
      for (const lease of this.#leases) this.#attempt(() => store.renew(lease, clock.now()));
      this.#renewLater();
    });
  }
}

/** Whether it concerns the way to the backend rather than the entries. */
function isBlock({ action }: Verdict): boolean {
  return action === "retry" || action === "refreshCredentials";
}

/** The answer to an entry that was sent alone. */
function answerOf(delivery: Delivery): EntryAnswer | undefined {
  return delivery.ok ? delivery.answers[0] : { accepted: false, error: delivery.error };
}
